"""What a run on a cluster does next, from its shards in the store, its Jobs and its pods.

A Job's template cannot be changed, and an index that has failed is not begun again: what remains when a Job has ended
is the next generation's. Whoever comes later finds the same Jobs and goes on with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.kube.policies.hung_jobs import is_hung
from orchestrator.kube.policies.joined_jobs import is_joined
from orchestrator.kube.policies.more_memory import is_starved, more_memory
from orchestrator.kube.state import JobSeen, PodSeen
from services.base.errors import EXIT_BAD_CONFIG, EXIT_BAD_SHARD, EXIT_BUG, EXIT_TRANSIENT, EXIT_USAGE
from services.base.run.sharding import part_of

_MOST_GENERATIONS = 12


@dataclass(frozen=True)
class Limits:
    """memory_mib: of the first Job's pods. max_failures: quarantined clips that end the run; None: any number."""

    num_shards: int
    memory_mib: int
    max_memory_mib: int
    max_failures: int | None = None


@dataclass(frozen=True)
class Seen:
    """One look. jobs: of the run, in order of generation, each with its list of shards in `shards_of`.

    since: the generation that this orchestrator has joined or made; 0 while there is none. Earlier ones ended, or were
    about to, before it came, so that it begins anew. wanted_parallelism: asked for and not yet applied. lost: pods
    of lost nodes.
    """

    done: frozenset[int]
    jobs: tuple[JobSeen, ...] = ()
    shards_of: tuple[tuple[int, ...], ...] = ()
    pods: tuple[PodSeen, ...] = ()
    lost: tuple[str, ...] = ()
    since: int = 0
    num_quarantined: int = 0
    wanted_parallelism: int | None = None


@dataclass(frozen=True)
class Create:
    """A Job for these shards. alone: each index few shards, since some of the last Job's failed. why: for people."""

    generation: int
    shards: tuple[int, ...]
    memory_mib: int
    alone: bool = False
    why: str = ""


@dataclass(frozen=True)
class Scale:
    """Change a Job's parallelism."""

    job: str
    parallelism: int


@dataclass(frozen=True)
class ForceDelete:
    """Remove pods whose node is lost."""

    pods: tuple[str, ...]


@dataclass(frozen=True)
class Delete:
    """Remove a Job that another has followed, or one that waits only for pods of lost nodes."""

    job: str


@dataclass(frozen=True)
class Wait:
    """Look again later. note: for people."""

    note: str = ""


@dataclass(frozen=True)
class Publish:
    """Every shard is done, and no pod is at work any more."""


@dataclass(frozen=True)
class Fail:
    """The run ends here, unfinished, with this exit code."""

    why: str
    exit_code: int


Step = Create | Scale | ForceDelete | Delete | Wait | Publish | Fail


def next_step(seen: Seen, limits: Limits) -> Step:
    """One step; the caller takes it and looks again."""
    remaining = tuple(s for s in range(limits.num_shards) if s not in seen.done)
    job = seen.jobs[-1] if seen.jobs else None
    if seen.lost:
        return ForceDelete(seen.lost)
    replaced = [old for old in seen.jobs[:-1] if old.is_live]
    if replaced:
        return Delete(replaced[0].name)
    over = _over_limit(seen, limits)
    if over is not None:
        return over
    if not remaining:
        return _finish(seen, job)
    if seen.since and (job is None or job.generation < seen.since or job.phase == "deleted"):
        return Fail("its Job was deleted: `visemill resume` begins another for the shards that remain", EXIT_TRANSIENT)
    if job is None:
        return Create(1, remaining, limits.memory_mib)
    config = _config_error(seen, job)
    if seen.since and config:
        return config
    if job.phase == "deleted":
        return Wait("a Job of this run is being deleted")
    if not job.is_live or (job.phase == "ending" and is_hung(job, seen.pods)):
        return _after(seen, job, remaining, limits)
    if not seen.since and not is_joined(job, seen.pods):
        return Wait("a Job of this run that has failed ends; another follows it")
    return _meanwhile(seen, job, remaining, limits)


def _meanwhile(seen: Seen, job: JobSeen, remaining: tuple[int, ...], limits: Limits) -> Step:
    """What a Job at work needs. One that cannot get on is followed by another, and then removed."""
    memory_mib = job.memory_mib or limits.memory_mib
    if is_hung(job, seen.pods):
        why = "the last one's pods were on nodes that do not answer"
        return Create(job.generation + 1, remaining, memory_mib, why=why)
    more_mib = more_memory(memory_mib, limits.max_memory_mib)
    if more_mib and is_starved(job, seen.pods):
        return Create(job.generation + 1, remaining, more_mib, why=_ran_out(memory_mib, more_mib))
    if seen.wanted_parallelism not in (None, job.parallelism):
        assert seen.wanted_parallelism is not None
        return Scale(job.name, min(seen.wanted_parallelism, job.num_indexes))
    return Wait(_held(job) if job.phase == "suspended" else "")


def _finish(seen: Seen, job: JobSeen | None) -> Step:
    if job is None or not job.is_live:
        return Publish()
    # A pod that still works on a shard which another has committed may yet write what publishing moves.
    if any(pod.phase == "Running" and not pod.is_held for pod in seen.pods):
        return Wait("all shards are done; the last pods end")
    return Delete(job.name) if any(pod.is_held for pod in seen.pods) else Publish()


def _held(job: JobSeen) -> str:
    return f"waits in queue {job.queue}" if job.queue else "suspended: `visemill resume` resumes it"


def _over_limit(seen: Seen, limits: Limits) -> Fail | None:
    if limits.max_failures is None or seen.num_quarantined <= limits.max_failures:
        return None
    return Fail(
        f"{seen.num_quarantined} clips are in quarantine, over --max-failures {limits.max_failures}: "
        "look at them with `visemill status`, fix them or raise the limit, then resume",
        EXIT_BAD_SHARD,
    )


def _config_error(seen: Seen, job: JobSeen) -> Fail | None:
    for pod in (pod for pod in seen.pods if pod.generation == job.generation):
        if pod.exit_code == EXIT_USAGE:
            return Fail("the image's worker knows not all of its flags: --image is of another version", EXIT_BAD_CONFIG)
        if pod.exit_code == EXIT_BAD_CONFIG:
            words = (
                f"{pod.termination_message.reason}: {pod.termination_message.message}"
                if pod.termination_message
                else f"see `visemill logs --pod {pod.name}`"
            )
            return Fail(words, EXIT_BAD_CONFIG)
    if job.phase == "failed" and job.reason == "PodFailurePolicy":
        return Fail(f"a pod ended with {EXIT_BAD_CONFIG}, a setting that cannot work: {job.message}", EXIT_BAD_CONFIG)
    return None


def _after(seen: Seen, job: JobSeen, remaining: tuple[int, ...], limits: Limits) -> Step:
    """What follows a Job that has ended and has left shards."""
    generation, memory_mib = job.generation + 1, job.memory_mib or limits.memory_mib
    ended = [pod for pod in seen.pods if pod.generation == job.generation and pod.exit_code is not None]
    ran_out = any(pod.out_of_memory for pod in ended)
    more_mib = more_memory(memory_mib, limits.max_memory_mib) if ran_out else max(memory_mib, limits.memory_mib)
    if not seen.since or job.generation < seen.since:
        return Create(generation, remaining, more_mib or memory_mib, why="the shards that remain")
    if job.reason == "DeadlineExceeded":
        return Fail("the Job took longer than --job-deadline-s: raise it, then resume", EXIT_TRANSIENT)
    if generation - seen.since > _MOST_GENERATIONS:
        return Fail(f"{_some(remaining)} are not done after {_MOST_GENERATIONS} Jobs: see `visemill logs`", EXIT_BUG)
    bad = _bad(seen, job, ended, remaining)
    left = tuple(s for s in remaining if s not in bad)
    if not left:
        return Fail(f"{_some(sorted(bad))} have too many quarantined clips", EXIT_BAD_SHARD)
    if ran_out and more_mib:
        return Create(generation, left, more_mib, why=_ran_out(memory_mib, more_mib))
    if ran_out:
        words = f"{_some(left)} need more than {memory_mib} MiB a pod: raise --pods-max-memory-mib, then resume"
        return Fail(words, EXIT_BAD_CONFIG)
    if _may_help(seen, job, left):
        return Create(generation, left, memory_mib, alone=True, why=f"{_some(left)} are tried apart from each other")
    return _gave_up(ended, left)


def _ran_out(memory_mib: int, more_mib: int) -> str:
    return f"pods ran out of {memory_mib} MiB: they get {more_mib}"


def _bad(seen: Seen, job: JobSeen, ended: Iterable[PodSeen], remaining: tuple[int, ...]) -> set[int]:
    """Of an index that ended with 65 all that remains is bad: it had gone on with the others."""
    by_index = {pod.index for pod in ended if pod.exit_code == EXIT_BAD_SHARD and pod.index in job.failed}
    return {shard for index in by_index for shard in _part(seen, job, index)} & set(remaining)


def _may_help(seen: Seen, job: JobSeen, left: tuple[int, ...]) -> bool:
    """Whether another Job may get on: some of what is left was never begun, or stood behind a shard that failed.

    Not where so many have failed that the Job was given up: then it is none of theirs.
    """
    if job.reason == "MaxFailedIndexesExceeded":
        return False
    never_tried = set(left) - {shard for index in job.failed for shard in _part(seen, job, index)}
    behind = any(len(set(_part(seen, job, index)) & set(left)) > 1 for index in job.failed)
    return behind or bool(never_tried)


def _part(seen: Seen, job: JobSeen, index: int) -> tuple[int, ...]:
    return part_of(seen.shards_of[seen.jobs.index(job)], index, job.num_indexes) if index < job.num_indexes else ()


def _gave_up(ended: Iterable[PodSeen], left: tuple[int, ...]) -> Fail:
    failed = [pod for pod in sorted(ended, key=lambda pod: pod.ended_s) if pod.exit_code not in (0, EXIT_BAD_SHARD)]
    last = failed[-1] if failed else None
    code = last.exit_code if last and last.exit_code in (EXIT_BUG, EXIT_TRANSIENT) else EXIT_BUG
    words = (
        f"; the last one: {last.termination_message.reason}: {last.termination_message.message}"
        if last and last.termination_message
        else ""
    )
    return Fail(f"{_some(left)} failed in every attempt{words}: see `visemill logs`, then resume", code)


def _some(shards: Iterable[int]) -> str:
    listed = list(shards)
    first = ", ".join(map(str, listed[:5]))
    return f"shards {first}" if len(listed) <= 5 else f"shards {first} and {len(listed) - 5} more"
