"""What follows a Job that has ended and has left shards: another, with more memory or each shard alone, or the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestrator.kube.policies.more_memory import more_memory
from orchestrator.kube.policies.seen import KubeMapState, Limits, Seen
from orchestrator.kube.state import JobSeen, PodSeen
from orchestrator.runs.actions import Fail
from orchestrator.runs.map.decision import Attempt, Failure, some
from services.base.errors import EXIT_BAD_CONFIG, EXIT_BAD_SHARD, EXIT_BUG, EXIT_TRANSIENT
from services.base.run.sharding import part_of

_MOST_GENERATIONS = 12


def with_next(state: KubeMapState, attempt: Attempt) -> KubeMapState:
    """What remains is for another Job, which may be made now."""
    return replace(state, slots=1, next_attempt=attempt)


def ran_out_words(memory_mib: int, more_mib: int) -> str:
    """Why pods get more memory."""
    return f"pods ran out of {memory_mib} MiB: they get {more_mib}"


def after(state: KubeMapState, job: JobSeen, remaining: frozenset[int], limits: Limits) -> KubeMapState:
    """The state of a run whose newest Job has ended."""
    seen, number, memory_mib = state.seen, job.generation + 1, job.memory_mib or limits.memory_mib
    ended = [pod for pod in seen.pods if pod.generation == job.generation and pod.exit_code is not None]
    ran_out = any(pod.out_of_memory for pod in ended)
    more_mib = more_memory(memory_mib, limits.max_memory_mib) if ran_out else max(memory_mib, limits.memory_mib)
    if not seen.since or job.generation < seen.since:
        return with_next(state, Attempt(number, more_mib or memory_mib, why="the shards that remain"))
    if job.reason == "DeadlineExceeded":
        why = "the Job took longer than --job-deadline-s: raise it, then resume"
        return replace(state, stopped=Fail(why, EXIT_TRANSIENT))
    if number - seen.since > _MOST_GENERATIONS:
        why = f"{some(remaining)} are not done after {_MOST_GENERATIONS} Jobs: see `visemill logs`"
        return replace(state, stopped=Fail(why, EXIT_BUG))
    bad = _bad(seen, job, ended, remaining)
    left = remaining - bad
    state = replace(state, bad=bad)
    if not left:
        return state
    if ran_out and more_mib:
        return with_next(state, Attempt(number, more_mib, why=ran_out_words(memory_mib, more_mib)))
    if ran_out:
        why = f"{some(left)} need more than {memory_mib} MiB a pod: raise --pods-max-memory-mib, then resume"
        return replace(state, stopped=Fail(why, EXIT_BAD_CONFIG))
    if _may_help(seen, job, left):
        why = f"{some(left)} are tried apart from each other"
        return with_next(state, Attempt(number, memory_mib, alone=True, why=why))
    return replace(state, failures=dict.fromkeys(left, _last_failure(ended)))


def _bad(seen: Seen, job: JobSeen, ended: Iterable[PodSeen], remaining: frozenset[int]) -> frozenset[int]:
    """Of an index that ended with 65 all that remains is bad: it had gone on with the others."""
    by_index = {pod.index for pod in ended if pod.exit_code == EXIT_BAD_SHARD and pod.index in job.failed}
    return frozenset(shard for index in by_index for shard in _part(seen, job, index)) & remaining


def _may_help(seen: Seen, job: JobSeen, left: frozenset[int]) -> bool:
    """Whether another Job may get on: some of what is left was never begun, or stood behind a shard that failed.

    Not where so many have failed that the Job was given up: then it is none of theirs.
    """
    if job.reason == "MaxFailedIndexesExceeded":
        return False
    never_tried = left - {shard for index in job.failed for shard in _part(seen, job, index)}
    behind = any(len(left.intersection(_part(seen, job, index))) > 1 for index in job.failed)
    return behind or bool(never_tried)


def _part(seen: Seen, job: JobSeen, index: int) -> tuple[int, ...]:
    return part_of(seen.shards_of[seen.jobs.index(job)], index, job.num_indexes) if index < job.num_indexes else ()


def _last_failure(ended: Iterable[PodSeen]) -> Failure:
    """The end of the pod that failed last; Kubernetes has made all tries of its index."""
    failed = [pod for pod in sorted(ended, key=lambda pod: pod.ended_s) if pod.exit_code not in (0, EXIT_BAD_SHARD)]
    last = failed[-1] if failed else None
    message = last.termination_message if last else None
    detail = f"the last one: {message.reason}: {message.message}" if message else ""
    return Failure(last.exit_code or EXIT_BUG if last else EXIT_BUG, 1, 0.0, detail, is_final=True)
