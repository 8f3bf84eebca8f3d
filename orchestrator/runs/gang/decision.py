"""PURE: what a gang pass does next, from its log and from the generations that were started.

A rank that dies leaves the others waiting for it: all of them end, and the next generation goes on from the last
checkpoint. Whatever is left of an older one does no harm, since its log shuts it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from orchestrator.runs.actions import Fail, Finish, ForceDelete, Wait
from services.base.errors import EXIT_BAD_CONFIG, EXIT_BUG, EXIT_OK, EXIT_TRANSIENT, EXIT_USAGE
from services.base.process.quantities import duration
from services.base.run.gang_log import GangLog

Phase = Literal["running", "suspended", "ended", "deleted"]

# Waits before a generation follows one that failed, doubling from the first to the last.
_FIRST_WAIT_S, _LAST_WAIT_S = 1.0, 60.0
# Lost pods and nodes are not the recipe's fault: on machines that are taken back at any time three generations in a row
# may lose one before ranks that take minutes to start have committed anything. Not borne for ever either: something may
# delete pods as soon as they are there. Generations in a row, of any end.
_MOST_WITHOUT_PROGRESS = 20
# A rank may hang while it takes down its connections, after the result is committed.
_END_AFTER_S = 30.0
_CONFIG = (EXIT_BAD_CONFIG, EXIT_USAGE)
# A rank that has lost the others ends with 75, perhaps before the one that they have lost is seen to end.
_SETTLE_S = 1.0


@dataclass(frozen=True)
class Generation:
    """The processes, or the Job, that were started under one number.

    exit_codes: of pods that have ended, by their index; the one with index 0 holds rank 0. disrupted: a pod of it was
    deleted, or its node is lost. ended_s_ago: since its first pod ended. detail: what the one that failed printed last.
    queue: of Kueue, which then suspends it and lets it go on. num_placed: pods that have a node. num_unplaced: those
    that no node has room for; both as they were last seen at work. unplaced_for_s: how long that is so of all of them;
    0 before each pod has a node or has found none.
    """

    number: int
    phase: Phase
    exit_codes: Mapping[int, int] = field(default_factory=dict)
    disrupted: bool = False
    ended_s_ago: float = 0.0
    detail: str = ""
    queue: str = ""
    num_placed: int = 0
    num_unplaced: int = 0
    unplaced_for_s: float = 0.0

    @property
    def is_live(self) -> bool:
        """Whether it has, or may still start, processes."""
        return self.phase in ("running", "suspended")

    @property
    def failure(self) -> int:
        """The exit code that counts; 0 where no pod failed.

        That of a setting before all others, and 75 last: pods are asked to end when another has failed.
        """
        failed = sorted(code for code in self.exit_codes.values() if code != EXIT_OK)
        order = sorted(failed, key=lambda code: (code not in _CONFIG, code == EXIT_TRANSIENT))
        return order[0] if order else EXIT_OK


@dataclass(frozen=True)
class Fewer:
    """With how few pods a pass may go on where nodes are short, and after how long."""

    min_pods: int
    after_s: float
    ranks_per_pod: int = 1


@dataclass(frozen=True)
class GangState:
    """One look. The log is read after the generations, so that one which has ended has its commits in it.

    generations: in order. since: the first that this orchestrator started or joined; 0 while there is none: what ended
    before it came is not counted against it. done_for_s: how long the pass is known to be finished. lost: pods on nodes
    that do not answer. wakes: whether somebody has asked to resume what is suspended. fewer: None where all pods of a
    generation must be there. unit: what holds ranks there: a pod, or a process.
    """

    log: GangLog
    generations: tuple[Generation, ...] = ()
    since: int = 0
    done_for_s: float = 0.0
    lost: tuple[str, ...] = ()
    interrupted: bool = False
    wakes: bool = False
    fewer: Fewer | None = None
    unit: str = "pod"


@dataclass(frozen=True)
class Start:
    """Start this generation; what lives of the ones before it ends. num_pods: 0 for all that the pass has."""

    generation: int
    why: str = ""
    num_pods: int = 0


@dataclass(frozen=True)
class End:
    """End what lives of this generation: another has followed it, or the pass is over."""

    generation: int


Action = Start | End | ForceDelete | Wait | Finish | Fail


def decide(state: GangState, max_attempts: int) -> Action:
    """One action. max_attempts: generations in a row that may fail before one of them commits a checkpoint."""
    newest = state.generations[-1] if state.generations else None
    if state.lost:
        return ForceDelete(state.lost)
    for older in state.generations[:-1]:
        if older.is_live:
            return End(older.number)
    if state.log.is_done:
        return _finish(state, newest)
    if state.interrupted:
        return Fail("interrupted", EXIT_TRANSIENT)
    number = max(state.log.generation, newest.number if newest else 0) + 1
    if state.since and (newest is None or newest.number < state.since or newest.phase == "deleted"):
        return Fail("its Job was deleted: `visemill resume` goes on from the last checkpoint", EXIT_TRANSIENT)
    if newest is None or newest.phase == "deleted":
        return Start(number)
    # Of older generations too: another may have begun before it was seen why.
    for one in state.generations:
        if 0 < state.since <= one.number and one.failure in _CONFIG:
            detail = one.detail or f"a rank ended with {one.failure}, a setting that cannot work"
            return Fail(detail, EXIT_BAD_CONFIG)
    if newest.phase == "suspended":
        return _suspended(newest, number, wakes=state.wakes)
    if newest.phase == "running" and not (newest.failure or newest.disrupted or 0 in newest.exit_codes):
        return _at_work(newest, number, state.fewer)
    if newest.phase == "running" and newest.failure == EXIT_TRANSIENT and newest.ended_s_ago < _SETTLE_S:
        return Wait("", _SETTLE_S - newest.ended_s_ago)
    if not state.since or newest.number < state.since:
        return Start(number, "from the last checkpoint")
    return _after(state, newest, number, max_attempts)


def _finish(state: GangState, newest: Generation | None) -> Action:
    if newest is None or not newest.is_live:
        return Finish()
    is_over = newest.exit_codes or newest.disrupted or newest.phase == "suspended"
    if is_over or state.done_for_s > _END_AFTER_S:
        return End(newest.number)
    return Wait("the result is committed; the ranks end", _END_AFTER_S)


def _at_work(newest: Generation, number: int, fewer: Fewer | None) -> Action:
    """Nobody has failed. The next generation asks for all pods again, since only its pods can tell what there is."""
    if not newest.num_unplaced:
        return Wait()
    short = f"{newest.num_unplaced} of {newest.num_placed + newest.num_unplaced} pods have no node"
    if fewer is None or newest.num_placed < fewer.min_pods:
        return Wait(short)
    left_s = fewer.after_s - newest.unplaced_for_s
    if left_s > 0:
        return Wait(f"{short}: after {duration(fewer.after_s)} the others go on without them", left_s)
    return _smaller(newest, number, fewer)


def _smaller(newest: Generation, number: int, fewer: Fewer) -> Start:
    """As many pods as have found a node."""
    ranks, pods = newest.num_placed * fewer.ranks_per_pod, newest.num_placed + newest.num_unplaced
    why = (
        f"with {ranks} of {pods * fewer.ranks_per_pod} ranks, since {newest.num_unplaced} of {pods} pods of generation "
        f"{newest.number} had no node"
    )
    return Start(number, why, newest.num_placed)


def _suspended(newest: Generation, number: int, *, wakes: bool) -> Action:
    if newest.queue:
        return Wait(f"waits in queue {newest.queue}")
    # Its ranks would begin anew under a number that has begun.
    return Start(number, "resumed") if wakes else Wait("suspended: `visemill resume` lets it go on")


def _after(state: GangState, newest: Generation, number: int, max_attempts: int) -> Action:
    """What follows a generation that failed."""
    before = max([state.since - 1, *state.log.progressed])
    # Of all that have ended since, those that lost a pod may be gone.
    num_fruitless = newest.number - before
    counted = [one for one in state.generations if one.number > before and _counts(one)]
    detail = f" ({newest.detail})" if newest.detail else ""
    if _counts(newest) and len(counted) >= max_attempts:
        code = newest.failure if newest.failure in (EXIT_BUG, EXIT_TRANSIENT) else EXIT_BUG
        return Fail(f"{len(counted)} generations failed without a checkpoint{detail}: see the logs, then resume", code)
    if num_fruitless >= _MOST_WITHOUT_PROGRESS:
        why = f"{num_fruitless} generations ended without a checkpoint{detail}: see the logs, then resume"
        return Fail(why, EXIT_TRANSIENT)
    if newest.num_unplaced and state.fewer is not None and newest.num_placed >= state.fewer.min_pods:
        # The others have waited for them as long as ranks do.
        return _smaller(newest, number, state.fewer)
    wait_s = min(_LAST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (len(counted) - 1)) if counted else 0.0
    if newest.ended_s_ago < wait_s:
        return Wait(f"generation {number} follows soon", wait_s - newest.ended_s_ago)
    return Start(number, _why(newest, state.unit))


def _counts(one: Generation) -> bool:
    """Whether its end is held against the recipe: not where a pod was deleted or lost its node, nor where ranks waited
    in vain for those of a pod without one.
    """
    waited = one.num_unplaced and one.failure in (EXIT_OK, EXIT_TRANSIENT)
    return not (one.disrupted or waited)


def _why(newest: Generation, unit: str) -> str:
    # Of a pod that was deleted the others end with 75.
    if newest.failure and not (newest.disrupted and newest.failure == EXIT_TRANSIENT):
        first = min(index for index, code in newest.exit_codes.items() if code == newest.failure)
        detail = f": {newest.detail}" if newest.detail else ""
        return f"{unit} {first} of generation {newest.number} ended with {newest.failure}{detail}"
    if newest.disrupted:
        return f"a {unit} of generation {newest.number} was deleted or lost its node"
    return f"generation {newest.number} ended and committed no result"
