"""Which frames are kept, told from their times alone. Pure: frames pass through unlooked at.

`all` keeps every frame. `grid` keeps the frame nearest to each multiple of the target's period, counted from the first
frame. `decimate` is what sign-language preprocessing scripts do on OpenCV's clock, artefacts of rounding included, but
for their bursts after a gap. `steady` gives one frame for each of those multiples, so that an index is a time: a frame
is held where there is none nearer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Literal, TypeVar

Sampling = Literal["all", "grid", "decimate", "steady"]

# Containers that count whole milliseconds (Matroska, AVI) move a frame by up to half of one.
EPSILON_S = 0.001
MAX_TARGET_HZ = 500.0
# What rounding in floating point may move a place by, in periods.
_TIE, _SLACK = 1e-6, 1e-3
# A frame that is so many periods late is what `decimate` takes for the end of a gap. A camera that drops a frame or two
# leaves its marks, and what is kept, alone.
_LATE_MARKS = 2.0

T = TypeVar("T")


def sampled(frames: Iterable[tuple[T, float]], sampling: Sampling, target_hz: float) -> Iterator[tuple[T, float]]:
    """The kept ones of (frame, time in seconds), in order; no frame twice, but by `steady`. At most one is held back.

    target_hz: frames a second to keep, above 0; not looked at by `all`.
    """
    if sampling == "steady":
        return _steady(frames, target_hz)
    if sampling == "grid":
        return _nearest_to_grid(frames, target_hz)
    if sampling == "decimate":
        return _decimated(frames, target_hz)
    return iter(frames)


def _nearest_to_grid(frames: Iterable[tuple[T, float]], target_hz: float) -> Iterator[tuple[T, float]]:
    """The frame nearest to each time first + k / target_hz that has one within half a period.

    A source no faster than the target keeps every frame: frames that lie a period apart, but for EPSILON_S, never
    compete, whatever cell they fall in. A gap stays a gap. Frames whose time does not go on are left out.
    """
    slack = min(EPSILON_S * target_hz, 0.25)  # in periods, as are place, off and apart
    origin_s: float | None = None
    held: tuple[T, float] | None = None
    held_cell, held_off = 0, 0.0
    for frame, time_s in frames:
        origin_s = time_s if origin_s is None else origin_s
        place = (time_s - origin_s) * target_hz
        # Halfway between two grid times counts for the earlier one.
        cell = math.ceil(place - 0.5 - slack)
        off = abs(place - cell)
        if held is not None:
            apart = (time_s - held[1]) * target_hz
            if apart <= 0:
                continue
            if cell <= held_cell and apart < 1 - slack:
                if off < held_off - slack:
                    held, held_off = (frame, time_s), off
                continue
            yield held
        held, held_cell, held_off = (frame, time_s), cell, off
    if held is not None:
        yield held


def _steady(frames: Iterable[tuple[T, float]], target_hz: float) -> Iterator[tuple[T, float]]:
    """For each time first + k / target_hz the frame nearest to it, of two as near the earlier one.

    A source of the target's own rate gives each frame once, in its order, as long as the times of neighbours are off by
    less than half a period between them. A frame has its own time at the place that is its own, else the grid's. The
    last one is shown for a usual step of its source.
    """
    origin_s: float | None = None
    cell = 0
    held: tuple[T, float] | None = None
    steps: list[float] = []

    def until(end: float) -> Iterator[tuple[T, float]]:
        nonlocal cell
        assert held is not None and origin_s is not None
        frame, time_s = held
        is_own = True
        while cell <= end:
            is_near = abs((time_s - origin_s) * target_hz - cell) <= 0.5
            yield frame, time_s if is_own and is_near else origin_s + cell / target_hz
            is_own = is_own and not is_near
            cell += 1

    for frame, time_s in frames:
        if held is None or origin_s is None:
            origin_s, held = time_s, (frame, time_s)
            continue
        places = (held[1] - origin_s) * target_hz, (time_s - origin_s) * target_hz
        yield from until(sum(places) / 2 + _TIE)
        steps.append(places[1] - places[0])
        held = frame, time_s
    if held is not None and origin_s is not None:
        usual = sorted(steps)[(len(steps) - 1) // 2] if steps else 1.0
        yield from until((held[1] - origin_s) * target_hz + usual - 0.5 * min(1.0, usual) - _TIE)


def is_behind(elapsed_s: float, source_hz: float, num_places: int, target_hz: float) -> bool:
    """Whether a frame at that time from the first belongs behind the places that `steady` fills: it begins less than
    half a step of its source, or half a period, before they end. source_hz: 0 if unknown.
    """
    step = target_hz / source_hz if source_hz > 0 else 1.0
    return elapsed_s * target_hz >= num_places - 0.5 * min(1.0, step) + _SLACK


def _decimated(frames: Iterable[tuple[T, float]], target_hz: float) -> Iterator[tuple[T, float]]:
    """Keeps a frame once its time in milliseconds has reached a mark that then moves on by a period.

    In floating point as the original has it: 30 to 30 a second may lose a frame, and 25 to 15 is uneven. Marks count
    from 0. After a late start or a gap the original keeps frames in a row until its mark has caught up; here marks then
    begin anew, with the frame that came late. Times that begin below 0, of which the original loses all frames up to 0,
    move the marks along.
    """
    period_s = 1 / target_hz
    mark_s: float | None = None
    for frame, time_s in frames:
        if mark_s is None:
            mark_s = min(0.0, time_s) if time_s < period_s else time_s - EPSILON_S
        if time_s * 1000 >= mark_s * 1000:
            yield frame, time_s
            # Times behind it that were rounded down must not fall short of their marks.
            mark_s = (mark_s if time_s - mark_s < _LATE_MARKS * period_s else time_s - EPSILON_S) + period_s
