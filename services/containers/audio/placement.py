"""Where decoded samples lie in time: gaps to fill, overlaps to leave out, clocks that begin anew. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from services.base.media.video import MAX_HOLES, TimeHole

# Times are rounded to the ticks of their container, up to a millisecond; less than this is rounding, and a packet that
# was lost is more.
_TOLERANCE_S = 0.015
# A leap further than this, ahead or back, is another clock: that of a recording put behind the first.
_LEAP_S, _BACK_S = 60.0, 0.25


@dataclass(frozen=True)
class Place:
    """What to do with the next frame of samples: num_silent samples before it, num_skipped of its own left out."""

    num_silent: int = 0
    num_skipped: int = 0


class Placement:
    """Places the frames of one sound in the order in which they are decoded.

    sample_rate_hz: of the decoded samples. time_base: seconds a tick of their times.
    """

    def __init__(self, sample_rate_hz: int, time_base: Fraction) -> None:
        self._rate_hz = sample_rate_hz
        self._time_base = time_base
        # A clock of coarse ticks cannot tell less than two of them.
        self._tolerance = max(1, round(sample_rate_hz * max(_TOLERANCE_S, 2 * float(time_base))))
        self._origin: Fraction | None = None
        self._next = 0
        self._gaps: list[TimeHole] = []
        self.num_gaps = self.num_silent = 0
        self.num_overlaps = self.num_skipped = 0
        self.num_restarts = self.num_derived = 0
        self.start_s = 0.0

    @property
    def gaps(self) -> tuple[TimeHole, ...]:
        """The first MAX_HOLES."""
        return tuple(self._gaps)

    def place(self, pts: int | None, num_samples: int) -> Place:
        """pts: in ticks, None where the frame has no time: it then follows the one before."""
        if self._origin is None:
            self._begin(pts)
        if pts is None or self._origin is None:
            self.num_derived += 1
            return self._follow(num_samples)
        written = (pts * self._time_base - self._origin) * self._rate_hz
        late = round(written) - self._next
        if abs(late) <= self._tolerance:
            return self._follow(num_samples)
        if late > _LEAP_S * self._rate_hz or -late > _BACK_S * self._rate_hz:
            self.num_restarts += 1
            self._origin = pts * self._time_base - Fraction(self._next, self._rate_hz)
            return self._follow(num_samples)
        return self._fill(late, num_samples) if late > 0 else self._cut(-late, num_samples)

    def _begin(self, pts: int | None) -> None:
        if pts is not None:
            # Where frames without a time came first, their samples lie before it.
            self._origin = pts * self._time_base - Fraction(self._next, self._rate_hz)
            self.start_s = float(self._origin)

    def _follow(self, num_samples: int) -> Place:
        self._next += num_samples
        return Place()

    def _fill(self, num_missing: int, num_samples: int) -> Place:
        self.num_gaps += 1
        self.num_silent += num_missing
        if len(self._gaps) < MAX_HOLES:
            at_s, length_s = self._next / self._rate_hz, num_missing / self._rate_hz
            self._gaps.append(TimeHole(round(at_s, 6), round(length_s, 6)))
        self._next += num_missing + num_samples
        return Place(num_silent=num_missing)

    def _cut(self, num_early: int, num_samples: int) -> Place:
        num_skipped = min(num_early, num_samples)
        self.num_overlaps += 1
        self.num_skipped += num_skipped
        self._next += num_samples - num_skipped
        return Place(num_skipped=num_skipped)
