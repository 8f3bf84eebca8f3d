"""How much memory, and when, pods get that ran out of it."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.kube.state import JobSeen, PodSeen

_LEAST_PODS = 2
"""One pod may have been killed by an accident, or for another's greed."""


def more_memory(memory_mib: int, max_memory_mib: int) -> int | None:
    """Twice as much, the most there may be at last; None when they had that already."""
    return min(2 * memory_mib, max_memory_mib) if memory_mib < max_memory_mib else None


def memory_of_next(job: JobSeen, ran_out: bool, first_mib: int, max_memory_mib: int) -> int:
    """What the pods of the generation behind this Job get: more where one of it ran out, as long as there is more, and
    no less than first_mib, which a user may have raised meanwhile.
    """
    memory_mib = job.memory_mib or first_mib
    more_mib = more_memory(memory_mib, max_memory_mib) if ran_out else memory_mib
    return max(more_mib or memory_mib, first_mib)


def is_starved(job: JobSeen, pods: Iterable[PodSeen]) -> bool:
    """Whether a Job at work has too little for most of its indexes that have begun, or for all that are left.

    Then another Job with more is due now: Kubernetes would make every index wait, longer each time, for as many tries
    as it has. Where few ran out, others are at work: they are let go on, and what has failed comes after them.
    """
    own = [pod for pod in pods if pod.generation == job.generation]
    short = [pod.index for pod in own if pod.out_of_memory]
    if job.phase != "active" or len(short) < _LEAST_PODS:
        return False
    ended = job.completed | job.failed
    begun = ended | {pod.index for pod in own if pod.phase != "Pending"}
    return 2 * len(set(short)) > len(begun) or set(range(job.num_indexes)) - ended <= set(short)
