"""When each frame is shown: exact where the container says it, derived where it does not, repaired where it cannot be.

Frames leave a decoder in the order in which they are shown, so times that stand still or go back are wrong, and a
frame is never lost for one.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from services.base.media.video import rate_of

_UNKNOWN_RATE_HZ = 25.0
# A rate or a length that a header declares is believed when the times say the same within this share.
_SAME = 0.01
# A declared rate is not taken for the time of a frame when the times before say otherwise by more than this share.
_OTHER_RATE = 0.25
_NUM_STEPS = 15
# A leap ahead by more than both is no hole in a recording but another clock: that of a second one behind the first. Of
# transport and program streams that begin anew far below, FFmpeg gives times a day ahead.
_LEAP_S, _LEAP_STEPS = 60.0, 100

Ticks = tuple[int | None, int | None]


class FrameTimes:
    """Times of one clip's frames, in the order in which they are delivered; they always rise.

    time_base: seconds per tick. rate_hz: as declared, 0.0 if unknown (25 Hz is then assumed where a time must be
    derived).
    num_duplicates: written times that do not exceed the one before. num_derived: frames without a presentation time.
    num_restarts: how often the written times begin anew.
    """

    def __init__(self, time_base: Fraction, rate_hz: float) -> None:
        self._num, self._den = time_base.numerator, time_base.denominator
        self._declared_hz = rate_hz
        self._times_s = array("d")
        # The latest written time that went on, and how far what follows was moved.
        self._written_s = 0.0
        self._moved_s = 0.0
        self._any_written = False
        self._steps_s: deque[float] = deque(maxlen=_NUM_STEPS)
        self.num_duplicates = 0
        self.num_derived = 0
        self.num_restarts = 0

    @property
    def elapsed_s(self) -> float:
        """From the first time to the latest."""
        return self._times_s[-1] - self._times_s[0] if self._times_s else 0.0

    def next_s(self, pts: int | None, dts: int | None, following: Callable[[], int | None] = lambda: None) -> float:
        """Seconds of the next frame: the float64 nearest to pts times the time base.

        Without pts it is the decoding time; without that, or where that does not move on, one period after the last.
        following: pts of the frame after this one, asked for where pts does not go on. When that one does, this one
        lies half-way; when it does not, the times begin anew, and follow one period after the last, as they do after a
        leap of minutes.
        """
        if pts is None:
            self.num_derived += 1
            written_s = self._derived_s(dts)
        else:
            written_s = self._seconds(pts)
        if self._times_s and written_s <= self._written_s:
            return self._add(self._repaired_s(written_s, following()))
        if self._times_s:
            step_s = written_s - self._written_s
            if step_s > max(_LEAP_S, _LEAP_STEPS * self._period_s()):
                return self._add(self._restarted_s(written_s))
            self._steps_s.append(step_s)
        self._written_s = written_s
        self._any_written = self._any_written or pts is not None
        return self._add(written_s + self._moved_s)

    def measured_rate_hz(self) -> float:
        """Of all frames so far; the declared rate where it is confirmed, or cannot be measured."""
        rate_hz = rate_of(np.array(self._times_s, np.float64))
        if rate_hz <= 0 or abs(rate_hz - self._declared_hz) <= _SAME * self._declared_hz:
            return self._declared_hz
        return rate_hz

    def measured_duration_s(self, declared_s: float) -> float:
        """Until the last frame so far has been shown; the declared length where it is confirmed."""
        rate_hz = self.measured_rate_hz()
        if not self._times_s or rate_hz <= 0:
            return declared_s
        duration_s = self.elapsed_s + 1 / rate_hz
        return declared_s if abs(duration_s - declared_s) <= _SAME * duration_s else duration_s

    def longest_step_s(self) -> float:
        """The longest time between two frames, 0.0 for fewer than two."""
        return float(np.diff(np.array(self._times_s, np.float64)).max(initial=0.0))

    def _add(self, time_s: float) -> float:
        self._times_s.append(time_s)
        return time_s

    def _seconds(self, ticks: int) -> float:
        return ticks * self._num / self._den

    def _derived_s(self, dts: int | None) -> float:
        time_s = None if dts is None else self._seconds(dts)
        if not self._times_s:
            return 0.0 if time_s is None else time_s
        if time_s is not None and time_s > self._written_s:
            return time_s
        return self._written_s + self._period_s()

    def _repaired_s(self, written_s: float, following: int | None) -> float:
        last_s = self._times_s[-1]
        # Derived times are no times that others could go back behind.
        self.num_duplicates += self._any_written
        if following is not None and self._seconds(following) > self._written_s:
            return (last_s + self._seconds(following) + self._moved_s) / 2
        return self._restarted_s(written_s)

    def _restarted_s(self, written_s: float) -> float:
        """The time one period after the last, from which on times go by another clock."""
        next_s, period_s = self._times_s[-1] + self._period_s(), self._period_s()
        self.num_restarts += self._any_written and abs(self._written_s - written_s) > 1.5 * period_s
        self._moved_s = next_s - written_s
        self._written_s, self._any_written = written_s, True
        return next_s

    def _period_s(self) -> float:
        declared_s = 1 / (self._declared_hz or _UNKNOWN_RATE_HZ)
        if len(self._steps_s) < 2:
            return declared_s
        usual_s = float(np.median(self._steps_s))
        return usual_s if abs(usual_s - declared_s) > _OTHER_RATE * declared_s else declared_s


def in_decoding_order(ticks: Sequence[Ticks]) -> bool:
    """Whether the (pts, dts) of a clip's first frames are those of packets as they lie in the file.

    AVI and some writers of other containers have no presentation times for frames that are shown in another order than
    they are stored in. Their frames leave the decoder with times that jump to and fro; the time at which the decoder
    gave each out (its dts) then is the time at which it is shown, but for the decoder's delay.
    """
    pts = [pts for pts, _ in ticks if pts is not None]
    dts = [dts for _, dts in ticks if dts is not None]
    once_each = len(set(pts)) == len(pts) and len(dts) > 1
    return once_each and not _rises(pts) and _rises(dts)


def _rises(ticks: Sequence[int]) -> bool:
    return all(after > before for before, after in pairwise(ticks))
