"""Where the times of decoded frames leave room for frames that are not there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.base.media.video import MAX_HOLES, TimeHole

# A step of this many usual ones leaves room for a frame that is not there.
_HOLE_STEPS = 1.5
# Recorders start their microphone a little before the first picture; more is missing picture.
_LATE_S, _MOST_LATE_S = 0.2, 60.0


def hole_before(first_s: float, clock_starts_s: Sequence[float]) -> tuple[TimeHole, ...]:
    """The time from a recording's begin to its first frame, if it is over 0.2 s: its frames are missing. Nothing over
    a minute, which is another clock. clock_starts_s: when the recording begins; the earliest counts.
    """
    late_s = first_s - min(clock_starts_s, default=first_s)
    return (TimeHole(round(-late_s, 6), round(late_s, 6)),) if _LATE_S < late_s <= _MOST_LATE_S else ()


def holes_of(times_s: Sequence[float]) -> tuple[TimeHole, ...]:
    """The first MAX_HOLES of frames at these times, in order; the usual step is the median of those that go on."""
    times_s_T = np.asarray(times_s, np.float64)
    steps_s_T = np.diff(times_s_T)
    forward_s_T = steps_s_T[steps_s_T > 0]
    if not len(forward_s_T):
        return ()
    usual_s = float(np.median(forward_s_T))
    wide = np.flatnonzero(steps_s_T >= _HOLE_STEPS * usual_s)[:MAX_HOLES]
    return tuple(
        TimeHole(
            round(float(times_s_T[t] - times_s_T[0]) + usual_s, 6),
            round(float(steps_s_T[t]) - usual_s, 6),
        )
        for t in wide.tolist()
    )
