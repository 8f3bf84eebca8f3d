"""Whether a run goes on with a Job that it finds.

One that has failed may still be there for a while: its pods have to end first. Whoever comes then does not go on with
it, or its reason would be theirs, whatever they have changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.kube.state import JobSeen, PodSeen
from services.base.errors import EXIT_BAD_CONFIG, EXIT_USAGE

_FAIL_THE_JOB = (EXIT_BAD_CONFIG, EXIT_USAGE)


def is_joined(job: JobSeen, pods: Iterable[PodSeen]) -> bool:
    """Whether the Job does, or may still do, work. pods: of the run."""
    if job.phase not in ("active", "suspended"):
        return False
    return not any(pod.generation == job.generation and pod.exit_code in _FAIL_THE_JOB for pod in pods)


def since_of(since: int, newest: JobSeen | None, pods: Iterable[PodSeen]) -> int:
    """The generation from which on Jobs are this orchestrator's. since: what it was before; 0 while there was none."""
    if newest is None or not newest.is_live or (not since and not is_joined(newest, pods)):
        return since
    return max(since, newest.generation)
