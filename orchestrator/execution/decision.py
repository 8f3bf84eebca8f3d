"""PURE: what a run should do next, from what has been observed. No sockets, no clock, no files.

One step: the shards that are pinned, what is known of each, the idle places -> actions. The caller acts and observes
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.runs.policy import Policy
from services.base.errors import EXIT_BAD_CONFIG, EXIT_BAD_SHARD, EXIT_BUG, EXIT_TRANSIENT
from services.base.process.retry import Backoff

_BACKOFF = Backoff(first_s=1.0, most_s=60.0)
"""Before a shard is tried again."""


@dataclass(frozen=True)
class Failure:
    """A shard whose worker ended before it was done. exit_code: as subprocess gives it, negative for a signal. words:
    what it said last, the reason first.
    """

    exit_code: int
    num_attempts: int
    at_s: float
    words: str = ""


@dataclass(frozen=True)
class Observed:
    """What is known now. idle: places where a shard could start. config_error: a worker's answer that ends the run."""

    done: frozenset[int] = frozenset()
    running: frozenset[int] = frozenset()
    bad: frozenset[int] = frozenset()
    failures: Mapping[int, Failure] = field(default_factory=dict)
    num_quarantined: int = 0
    idle: int = 0
    config_error: str = ""
    interrupted: bool = False


@dataclass(frozen=True)
class Start:
    """Give this shard to an idle place."""

    shard: int
    attempt: int


@dataclass(frozen=True)
class Wait:
    """Nothing to start before this time, or before something ends (None)."""

    until_s: float | None


@dataclass(frozen=True)
class Stop:
    """End what runs; the run is not finished. exit_code and why, for the summary."""

    exit_code: int
    why: str


@dataclass(frozen=True)
class Finish:
    """Every shard is done: publish."""


Action = Start | Wait | Stop | Finish


def decide(num_shards: int, observed: Observed, policy: Policy, now_s: float) -> list[Action]:
    """The next actions: any number of Start and one Wait, or a single Stop or Finish."""
    ending = _ending(observed, policy)
    if ending is not None:
        return [ending]
    given_up = {shard for shard, f in observed.failures.items() if f.num_attempts >= policy.max_attempts}
    hopeless = (observed.bad | given_up) - observed.done
    taken = observed.done | observed.running | hopeless
    pending = [s for s in range(num_shards) if s not in taken]
    if not pending and not observed.running:
        return [_gave_up(observed, given_up) if hopeless else Finish()]
    ready_at_s = {s: _ready_at_s(observed.failures.get(s)) for s in pending}
    starting = [s for s in pending if ready_at_s[s] <= now_s][: observed.idle]
    actions: list[Action] = [Start(s, _num_attempts(observed, s) + 1) for s in starting]
    later = [at_s for at_s in ready_at_s.values() if at_s > now_s]
    actions.append(Wait(min(later) if later and observed.idle > len(starting) else None))
    return actions


def _ending(observed: Observed, policy: Policy) -> Stop | None:
    if observed.config_error:
        return Stop(EXIT_BAD_CONFIG, observed.config_error)
    if observed.interrupted:
        return Stop(EXIT_TRANSIENT, "interrupted")
    if policy.max_failures is not None and observed.num_quarantined > policy.max_failures:
        return Stop(
            EXIT_BAD_SHARD,
            f"{observed.num_quarantined} clips are in quarantine, over --max-failures {policy.max_failures}: "
            "look at them with `visemill status`, fix them or raise the limit, then resume",
        )
    return None


def _gave_up(observed: Observed, given_up: set[int]) -> Stop:
    if given_up:
        shard = min(given_up)
        failure = observed.failures[shard]
        code, words = failure.exit_code, f" ({failure.words})" if failure.words else ""
        code = code if code in (EXIT_BUG, EXIT_TRANSIENT, EXIT_BAD_SHARD) else EXIT_BUG
        return Stop(code, f"shards {_some(given_up)} failed in every attempt{words}: see the logs, then resume")
    return Stop(EXIT_BAD_SHARD, f"shards {_some(set(observed.bad))} have too many quarantined clips")


def _some(shards: set[int]) -> str:
    first = ", ".join(str(s) for s in sorted(shards)[:5])
    return first if len(shards) <= 5 else f"{first} and {len(shards) - 5} more"


def _num_attempts(observed: Observed, shard: int) -> int:
    failure = observed.failures.get(shard)
    return failure.num_attempts if failure else 0


def _ready_at_s(failure: Failure | None) -> float:
    if failure is None:
        return 0.0
    return failure.at_s + _BACKOFF.pause_s(failure.num_attempts)
