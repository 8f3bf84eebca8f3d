"""PURE: what the pass over the shards does next, from what has been observed. No sockets, no clock, no files.

One decision for every backend: a shard that no worker is at, and that may still be done, is started where there is a
slot. What only one backend has, such as Jobs that another has followed, is in policies of its own, whose inputs are in
its state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from orchestrator.runs.actions import Fail, Finish, ForceDelete, Wait
from orchestrator.runs.policy import Policy
from services.base.errors import EXIT_BAD_SHARD, EXIT_BUG, EXIT_INTERRUPTED, EXIT_TRANSIENT
from services.base.process.quantities import counted
from services.base.process.retry import Backoff

_BACKOFF = Backoff(first_s=1.0, most_s=60.0)
"""Before a shard is tried again."""


@dataclass(frozen=True)
class Failure:
    """A shard whose worker ended before it was done. exit_code: as subprocess gives it, negative for a signal. detail:
    what it said last, the reason first. is_final: no other attempt may help, however many there were.
    """

    exit_code: int
    num_attempts: int
    at_s: float
    detail: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class Attempt:
    """How shards are started. number: of the attempt; on a cluster the generation of its Job.

    memory_mib: of each worker. alone: as few shards a worker as may be, since a shard of the last attempt failed.
    why: for people. Of these a backend that starts one shard at a time reads the number alone.
    """

    number: int = 1
    memory_mib: int = 0
    alone: bool = False
    why: str = ""


@dataclass(frozen=True)
class MapState:
    """One look.

    done: shards with a commit. running: those that a worker is at, or has before it. bad: those of which too many clips
    are in quarantine. failures: the last one of each shard whose worker has failed.
    slots: where something could be started now; a slot takes one shard, or all that are left where next_attempt says
    how they are started. num_busy: workers that are still at shards which are done.
    num_quarantined: clips. stopped: why the run cannot go on, whatever else is known. interrupted: why it is to be
    left, empty while nobody asks. note: what there is to wait for, and logs: where workers' logs are, for people.
    is_exact: whether the store was listed for this look; else commits may be older than the rest.
    """

    num_shards: int
    done: frozenset[int] = frozenset()
    running: frozenset[int] = frozenset()
    bad: frozenset[int] = frozenset()
    failures: Mapping[int, Failure] = field(default_factory=dict)
    slots: int = 0
    next_attempt: Attempt | None = None
    num_busy: int = 0
    num_quarantined: int = 0
    stopped: Fail | None = None
    interrupted: str = ""
    note: str = ""
    logs: str = "the logs"
    now_s: float = 0.0
    is_exact: bool = True


@dataclass(frozen=True)
class Start:
    """Start these shards."""

    shards: tuple[int, ...]
    attempt: Attempt = Attempt()


@dataclass(frozen=True)
class Delete:
    """Remove a Job that another has followed, or one that waits only for pods of lost nodes."""

    job: str
    why: str = ""


@dataclass(frozen=True)
class Scale:
    """Change how many pods of a Job work at a time."""

    job: str
    parallelism: int


Action = Start | Delete | Scale | ForceDelete | Wait | Finish | Fail
State = TypeVar("State", bound=MapState)


@dataclass(frozen=True)
class BackendPolicies(Generic[State]):
    """What only one backend has. urgent: asked before all else. idle: asked when there is nothing to start.

    Each is asked in turn, and the first that answers has the turn.
    """

    urgent: tuple[Callable[[State], Action | None], ...] = ()
    idle: tuple[Callable[[State], Action | None], ...] = ()


def decide(state: State, policy: Policy, more: BackendPolicies[State] | None = None) -> list[Action]:
    """The next actions: any number of Start and one Wait, or a single other one."""
    if state.interrupted:
        return [Fail(state.interrupted, EXIT_INTERRUPTED)]
    more = more or BackendPolicies()
    for urgent in more.urgent:
        if action := urgent(state):
            return [action]
    ending = _ending(state, policy)
    if ending is not None:
        return [ending]
    remaining = [s for s in range(state.num_shards) if s not in state.done]
    if not remaining and not state.running:
        return [Wait(state.note)] if state.num_busy else [Finish()]
    given_up = {s for s, f in state.failures.items() if f.is_final or f.num_attempts >= policy.max_attempts}
    hopeless = (state.bad | given_up) - state.done
    pending = [s for s in remaining if s not in state.running and s not in hopeless]
    if not pending and not state.running:
        return [_gave_up(state, given_up - state.done)]
    starts, wait = _starts(state, pending)
    for idle in more.idle if not starts else ():
        if action := idle(state):
            return [action]
    return [*starts, wait]


def _starts(state: MapState, pending: list[int]) -> tuple[list[Start], Wait]:
    """What is started now, and how long until the next may be."""
    ready_at_s = {s: _ready_at_s(state.failures.get(s)) for s in pending}
    ready = [s for s in pending if ready_at_s[s] <= state.now_s]
    if state.next_attempt is None:
        starts = [Start((s,), Attempt(_num_attempts(state, s) + 1)) for s in ready[: state.slots]]
    else:
        starts = [Start(tuple(ready), state.next_attempt)] if ready and state.slots else []
    later = [at_s for at_s in ready_at_s.values() if at_s > state.now_s]
    has_room = state.slots > len(starts)
    return starts, Wait(state.note, min(later) - state.now_s if later and has_room else None)


def _ending(state: MapState, policy: Policy) -> Fail | None:
    if policy.max_failures is not None and state.num_quarantined > policy.max_failures:
        return Fail(
            f"{counted(state.num_quarantined, 'clip')} in quarantine, over --max-failures {policy.max_failures}: "
            "look at them with `visemill status`, fix them or raise the limit, then resume",
            EXIT_BAD_SHARD,
        )
    return state.stopped


def _gave_up(state: MapState, given_up: set[int]) -> Fail:
    if given_up:
        failure = state.failures[min(given_up)]
        code, detail = failure.exit_code, f" ({failure.detail})" if failure.detail else ""
        code = code if code in (EXIT_BUG, EXIT_TRANSIENT, EXIT_BAD_SHARD) else EXIT_BUG
        return Fail(f"{some(given_up)} failed in every attempt{detail}: see {state.logs}, then resume", code)
    return Fail(f"{some(state.bad - state.done)} have too many quarantined clips", EXIT_BAD_SHARD)


def some(shards: set[int] | frozenset[int]) -> str:
    """The first few of these shards, in words."""
    listed = sorted(shards)
    first = ", ".join(map(str, listed[:5]))
    return f"shards {first}" if len(listed) <= 5 else f"shards {first} and {len(listed) - 5} more"


def _num_attempts(state: MapState, shard: int) -> int:
    failure = state.failures.get(shard)
    return failure.num_attempts if failure else 0


def _ready_at_s(failure: Failure | None) -> float:
    if failure is None:
        return 0.0
    return failure.at_s + _BACKOFF.pause_s(failure.num_attempts)
