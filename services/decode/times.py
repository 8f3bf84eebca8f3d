"""When each frame is shown: exact where the container says it, derived where it does not."""

from __future__ import annotations

from fractions import Fraction

_UNKNOWN_RATE_HZ = 25.0


class FrameTimes:
    """Times of one clip's frames, in the order in which they are delivered.

    time_base: seconds per tick. rate_hz: 0.0 if unknown (25 Hz is then assumed where a time must be derived).
    num_duplicates: times that do not exceed the one before. num_derived: frames without a presentation time.
    """

    def __init__(self, time_base: Fraction, rate_hz: float) -> None:
        self._num, self._den = time_base.numerator, time_base.denominator
        self._period_s = 1 / (rate_hz or _UNKNOWN_RATE_HZ)
        self._first_s: float | None = None
        self._last_s = 0.0
        self.num_duplicates = 0
        self.num_derived = 0

    @property
    def elapsed_s(self) -> float:
        """From the first time to the latest."""
        return self._last_s - (self._first_s or 0.0)

    def next_s(self, pts: int | None, dts: int | None) -> float:
        """Seconds of the next frame: the float64 nearest to pts times the time base.

        Without pts it is the decoding time; without that, or where that does not move on, one period after the last.
        """
        if pts is not None:
            time_s = pts * self._num / self._den
        else:
            self.num_derived += 1
            time_s = self._derived_s(dts)
        if self._first_s is None:
            self._first_s = time_s
        elif time_s <= self._last_s:
            self.num_duplicates += 1
        self._last_s = time_s
        return time_s

    def _derived_s(self, dts: int | None) -> float:
        time_s = None if dts is None else dts * self._num / self._den
        if self._first_s is None:
            return 0.0 if time_s is None else time_s
        return time_s if time_s is not None and time_s > self._last_s else self._last_s + self._period_s
