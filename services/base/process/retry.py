"""Trying again: exponential pauses with jitter, bounded in total, never in silence."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from services.base.errors import VisemillError

PATIENCE_S = 60.0
_MOST_DOUBLINGS = 64
_REPORT_EVERY_S = 4.0

_log = logging.getLogger("visemill.retry")
# Its own source: pauses must neither follow nor disturb a seed that somebody set.
_jitter = random.SystemRandom()
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Backoff:
    """How long to pause after each failure in a row: first_s, then factor times as long each time, up to most_s.

    jitter: the share of a pause, 0 to 1, that chance may take away, so that many clients spread out.
    Raises ValueError for pauses that shrink or are not above 0.
    """

    first_s: float
    most_s: float
    factor: float = 2.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.first_s <= self.most_s < math.inf:
            raise ValueError(f"pauses of {self.first_s:g} s up to {self.most_s:g} s: give 0 < first_s <= most_s")
        if not 1 <= self.factor < math.inf:
            raise ValueError(f"a factor of {self.factor:g} makes pauses shorter or endless: give 1 or more")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter {self.jitter:g} is no share of a pause: give 0 to 1")

    def pause_s(self, attempt: int, chance: float = 0.0) -> float:
        """Seconds after the attempt-th failure in a row, counted from 1. chance: 0 to 1, all of the jitter. Pure."""
        if attempt < 1:
            raise ValueError(f"attempt {attempt}: attempts that failed are counted from 1")
        longest_s = min(self.most_s, self.first_s * self.factor ** min(attempt - 1, _MOST_DOUBLINGS))
        return longest_s * (1 - self.jitter * chance)


CALLS = Backoff(first_s=0.2, most_s=5.0, jitter=0.5)
"""Between the attempts of one call over a network."""


class Retryable(Exception):
    """This attempt failed in a way that time may heal. outcome: what to raise when patience ends."""

    def __init__(self, outcome: VisemillError) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def poll(look: Callable[[], _Result | None], *, limit_s: float, every_s: float) -> _Result | None:
    """What look() returns first that is not None; None where there is nothing after limit_s. Asks at once, then with
    pauses of every_s, in silence: what is waited for is another's work, and no failure. Raises what look() raises.
    """
    until_s = time.monotonic() + limit_s
    while True:
        found = look()
        if found is not None or time.monotonic() >= until_s:
            return found
        time.sleep(every_s)


def retry_with_timeout(attempt: Callable[[], _Result], *, patience_s: float = PATIENCE_S) -> _Result:
    """What attempt() returns, called anew after each Retryable, for patience_s after the first of them.

    Pauses are those of CALLS: they double from 0.2 s up to 5 s, each shortened by up to half at random.
    A reason is logged once, and every few seconds that it lasts.
    Raises the last Retryable's outcome, and whatever else attempt() raises at once.
    """
    failing_since_s: float | None = None
    num_failures = 0
    reported: set[str] = set()
    reported_s = 0.0
    while True:
        try:
            return attempt()
        except Retryable as again:
            num_failures += 1
            wait_s = CALLS.pause_s(num_failures, _jitter.random())
            failing_since_s = time.monotonic() if failing_since_s is None else failing_since_s
            elapsed_s = time.monotonic() - failing_since_s
            if elapsed_s + wait_s > patience_s:
                raise again.outcome from again.__cause__
            # The reason once, then that it lasts.
            if str(again) not in reported:
                _log.warning("%s; trying again for %.0f s", again, patience_s - elapsed_s)
                reported.add(str(again))
                reported_s = time.monotonic()
            elif time.monotonic() - reported_s >= _REPORT_EVERY_S:
                _log.warning("still trying (%.0f of %.0f s)", elapsed_s, patience_s)
                reported_s = time.monotonic()
            time.sleep(wait_s)
