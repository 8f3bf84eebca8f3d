"""What is said of a training between its epochs: where it is, how fast, and when it may end."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.base.process.quantities import duration

_EVERY_S = 4.0


class Pace:
    """Lines such as `12%, step 310: loss 1.9311, 41.2 items/s, 5m 12s left`, one in 4 s at most. clock: seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_s = clock()
        self._begin: tuple[float, float] | None = None
        self._num_items = 0

    def add(self, num_items: int) -> None:
        """Of a step, over all ranks."""
        self._num_items += num_items

    def line(self, step: int, share: float, loss: float) -> str:
        """Empty while the last one is fresh. share: of the whole training, after this step."""
        now_s = self._clock()
        self._begin = self._begin or (now_s, share)
        passed_s = now_s - self._said_s
        if passed_s < _EVERY_S:
            return ""
        begin_s, begin_share = self._begin
        speed, self._num_items, self._said_s = self._num_items / passed_s, 0, now_s
        text = f"{share:.0%}, step {step}: loss {loss:.4f}, {speed:.1f} items/s"
        if share > begin_share:
            text += f", {duration((now_s - begin_s) * (1 - share) / (share - begin_share))} left"
        return text
