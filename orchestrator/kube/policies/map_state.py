"""What is seen of a run's Jobs and pods, as the decision about the pass over its shards wants it.

A Job's template cannot be changed, and an index that has failed is not begun again: what remains when a Job has ended
is the next generation's. Whoever comes later finds the same Jobs and goes on with them.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.kube.policies.hung_jobs import is_hung
from orchestrator.kube.policies.joined_jobs import is_joined
from orchestrator.kube.policies.more_memory import is_starved, more_memory
from orchestrator.kube.policies.next_job import after, ran_out_words, with_next
from orchestrator.kube.policies.seen import KubeMapState, Limits, Seen
from orchestrator.kube.state import JobSeen
from orchestrator.runs.actions import Fail
from orchestrator.runs.map.decision import Attempt
from services.base.errors import EXIT_BAD_CONFIG, EXIT_TRANSIENT, EXIT_USAGE


def map_state(seen: Seen, limits: Limits) -> KubeMapState:
    """One look. Of what the run's newest Job leaves it says what is running, bad, failed, or to be started."""
    state = KubeMapState(
        limits.num_shards,
        done=seen.done,
        num_quarantined=seen.num_quarantined,
        logs="`visemill logs`",
        is_exact=seen.is_exact,
        seen=seen,
    )
    remaining = frozenset(range(limits.num_shards)) - seen.done
    job = seen.jobs[-1] if seen.jobs else None
    if remaining:
        return _with_remaining(state, job, limits, remaining)
    # A pod that still works on a shard which another has committed may yet write what publishing moves.
    num_busy = len(seen.pods_at_work) if job is not None and job.is_live else 0
    return replace(state, num_busy=num_busy, note="all shards are done; the last pods end")


def _with_remaining(
    state: KubeMapState, job: JobSeen | None, limits: Limits, remaining: frozenset[int]
) -> KubeMapState:
    seen = state.seen
    if seen.since and (job is None or job.generation < seen.since or job.phase == "deleted"):
        why = "its Job was deleted: `visemill resume` begins another for the shards that remain"
        return replace(state, stopped=Fail(why, EXIT_TRANSIENT))
    if job is None:
        return with_next(state, Attempt(1, limits.memory_mib))
    config = _config_error(seen, job)
    if seen.since and config:
        return replace(state, stopped=config)
    if job.phase == "deleted":
        return replace(state, running=remaining, note="a Job of this run is being deleted")
    if not job.is_live or (job.phase == "ending" and is_hung(job, seen.pods)):
        return after(state, job, remaining, limits)
    if not seen.since and not is_joined(job, seen.pods):
        return replace(state, running=remaining, note="a Job of this run that has failed ends; another follows it")
    return _at_work(state, job, limits, remaining)


def _at_work(state: KubeMapState, job: JobSeen, limits: Limits, remaining: frozenset[int]) -> KubeMapState:
    """A Job that cannot get on is followed by another, and then removed."""
    memory_mib, number = job.memory_mib or limits.memory_mib, job.generation + 1
    if is_hung(job, state.seen.pods):
        return with_next(state, Attempt(number, memory_mib, why="the last one's pods were on nodes that do not answer"))
    more_mib = more_memory(memory_mib, limits.max_memory_mib)
    if more_mib and is_starved(job, state.seen.pods):
        return with_next(state, Attempt(number, more_mib, why=ran_out_words(memory_mib, more_mib)))
    note = _held(job) if job.phase == "suspended" else ""
    return replace(state, running=remaining, note=note, job_at_work=job.name)


def _held(job: JobSeen) -> str:
    return f"waits in queue {job.queue}" if job.queue else "suspended: `visemill resume` resumes it"


def _config_error(seen: Seen, job: JobSeen) -> Fail | None:
    for pod in (pod for pod in seen.pods if pod.generation == job.generation):
        if pod.exit_code == EXIT_USAGE:
            return Fail("the image's worker knows not all of its flags: --image is of another version", EXIT_BAD_CONFIG)
        if pod.exit_code == EXIT_BAD_CONFIG:
            detail = (
                f"{pod.termination_message.reason}: {pod.termination_message.message}"
                if pod.termination_message
                else f"see `visemill logs --pod {pod.name}`"
            )
            return Fail(detail, EXIT_BAD_CONFIG)
    if job.phase == "failed" and job.reason == "PodFailurePolicy":
        return Fail(f"a pod ended with {EXIT_BAD_CONFIG}, a setting that cannot work: {job.message}", EXIT_BAD_CONFIG)
    return None
