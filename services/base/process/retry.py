"""Trying again: exponential pauses with jitter, bounded in total, never in silence."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from services.base.errors import VisemillError

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
PATIENCE_S = 60.0

_log = logging.getLogger("visemill.retry")
# Its own source: pauses must neither follow nor disturb a seed that somebody set.
_jitter = random.SystemRandom()
_Result = TypeVar("_Result")


class Retryable(Exception):
    """This attempt failed in a way that time may heal. outcome: what to raise when patience ends."""

    def __init__(self, outcome: VisemillError) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def retry_with_timeout(attempt: Callable[[], _Result], *, patience_s: float = PATIENCE_S) -> _Result:
    """What attempt() returns, called anew after each Retryable, for patience_s after the first of them.

    Pauses double from 0.2 s up to 5 s, each shortened by up to half at random so that many clients spread out.
    Raises the last Retryable's outcome, and whatever else attempt() raises at once.
    """
    failing_since_s: float | None = None
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            return attempt()
        except Retryable as again:
            wait_s = pause_s * _jitter.uniform(0.5, 1.0)
            failing_since_s = time.monotonic() if failing_since_s is None else failing_since_s
            elapsed_s = time.monotonic() - failing_since_s
            if elapsed_s + wait_s > patience_s:
                raise again.outcome from again.__cause__
            _log.warning("%s; trying again in %.1f s (%.0f of %.0f s)", again, wait_s, elapsed_s, patience_s)
            time.sleep(wait_s)
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
