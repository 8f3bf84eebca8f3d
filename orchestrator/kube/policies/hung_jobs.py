"""Whether a Job waits for nothing but pods that can never end.

The Job controller replaces a pod only once it has ended, and takes its finalizer from no other: a pod of a dead node
stays even when it was removed by force, and its index with it. The finalizer goes with the Job.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.kube.state import JobSeen, PodSeen


def is_hung(job: JobSeen, pods: Iterable[PodSeen]) -> bool:
    """Whether its pods that have not ended are all held, and it may begin no other beside them.

    Not while others are at work, which would lose what they have begun.
    """
    own = [pod for pod in pods if pod.generation == job.generation and not pod.has_ended]
    if not own or not all(pod.is_held for pod in own):
        return False
    num_open = job.num_indexes - len(job.completed) - len(job.failed)
    return job.phase == "ending" or (job.phase == "active" and len(own) >= min(num_open, job.parallelism))
