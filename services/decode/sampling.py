"""Which frames are kept, told from their times alone. Pure: frames pass through unlooked at.

`all` keeps every frame. `grid` keeps the frame nearest to each multiple of the target's period, counted from the first
frame. `decimate` is what sign-language preprocessing scripts do on OpenCV's clock, artefacts included.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Literal, TypeVar

Sampling = Literal["all", "grid", "decimate"]

# Containers that count whole milliseconds (Matroska, AVI) move a frame by up to half of one.
EPSILON_S = 0.001
MAX_TARGET_HZ = 500.0

T = TypeVar("T")


def sampled(frames: Iterable[tuple[T, float]], sampling: Sampling, target_hz: float) -> Iterator[tuple[T, float]]:
    """The kept ones of (frame, time in seconds), in order; no frame twice. At most one frame is held back.

    target_hz: frames a second to keep, above 0; not looked at by `all`.
    """
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


def _decimated(frames: Iterable[tuple[T, float]], target_hz: float) -> Iterator[tuple[T, float]]:
    """Keeps a frame once its time in milliseconds has reached a mark that then moves on by a period.

    In floating point as the original has it: 30 to 30 a second may lose a frame, 25 to 15 is uneven, and after a late
    start or a gap the mark lags, so that frames in a row are kept until it has caught up. Times that begin below 0, of
    which the original loses all frames up to 0, move the mark along.
    """
    mark_s: float | None = None
    for frame, time_s in frames:
        mark_s = min(0.0, time_s) if mark_s is None else mark_s
        if time_s * 1000 >= mark_s * 1000:
            yield frame, time_s
            mark_s += 1 / target_hz
