"""What landmarks say of each frame of a talking head: its points in whole pixels, its crop, whether it is usable. Pure.

The crop is a square: as wide as from row 1 to row 31, from row 52 downwards (see `services/lips/talker_crop.py`). A
detector's points shake by a pixel or two, and a crop that shakes with them is learned as a head that shakes: its
centre, top and width are smoothed by a polynomial of degree 3 over 9 frames (Savitzky and Golay, Analytical Chemistry
36, 1964), within a scene. The three coordinates that the original takes its crop from are those of the smoothed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array, Float64Array, Int32Array, UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.geometry.talker_rows import rows_110
from services.geometry.tracks import runs

BoolArray = npt.NDArray[np.bool_]

_LEFT, _RIGHT, _TOP = 1, 31, 52
_WINDOW_FRAMES, _DEGREE = 9, 3
# Below this a face is a smear. A crop that moves by more of its width, or changes its size by more, from a frame to the
# next or over a short loss, is of another scene or another face: heads that turn quickly move by a fifth in a frame.
# Trackers take a frame or two to arrive at another size.
_LEAST_SIDE_PX = 8.0
_MOST_STEP, _MOST_GROWTH, _MOST_GROWTH_OVER_A_LOSS = 0.5, 1.25, 1.4
_MOST_MISSING_SHARE = 0.5


@dataclass(frozen=True)
class TalkerPoints:
    """Of T frames.

    found_TNC: float32 [T, 110, 2], (x, y) px as found, NaN where no face was. source_T: uint8 [T], PointSource values,
    INTERPOLATED where a loss was bridged. pixels_TNC: int32 [T, 110, 2], of every frame: an unusable one has those of
    the nearest usable one. boxes_T3: int32 [T, 3], (left, top, side) px, the crops that pixels_TNC gives. usable_T:
    bool [T], with a face of its own or bridged. num_missing: frames without a face of their own. num_bridged: of these,
    bridged. num_cuts: places at which the face jumps, as where another scene begins.
    """

    found_TNC: Float32Array
    source_T: UInt8Array
    pixels_TNC: Int32Array
    boxes_T3: Int32Array
    usable_T: BoolArray
    num_missing: int
    num_bridged: int
    num_cuts: int = 0


def talker_points(landmarks: Landmarks, *, max_bridged_frames: int, smooth: bool) -> TalkerPoints:
    """max_bridged_frames: the longest loss between two frames of one scene that is bridged; a longer one is unusable.

    Raises BadInput NO_FACE where more than half of the frames have no face of their own; BadConfig OTHER_TOPOLOGY.
    """
    found_TNC = rows_110(landmarks)
    crops_T3 = _crops(found_TNC)
    seen_T = landmarks.present_T & (crops_T3[:, 2] >= _LEAST_SIDE_PX)
    num_frames, num_missing = len(seen_T), int((~seen_T).sum())
    if num_missing > _MOST_MISSING_SHARE * num_frames or num_missing == num_frames:
        raise BadInput(
            "NO_FACE",
            f"{num_missing} of {num_frames} frames show no face, and at most half may: give a video of one person who "
            "faces the camera throughout",
        )
    points_TNC = found_TNC.astype(np.float64)
    bridged_T = _bridge(points_TNC, crops_T3, seen_T, max_bridged_frames)
    num_cuts = _num_cuts(crops_T3, seen_T, max_bridged_frames)
    usable_T = seen_T | bridged_T
    crops_T3 = _crops(points_TNC)
    if smooth:
        for start, end in _scenes(crops_T3, usable_T):
            crops_T3[start:end] = smoothed(crops_T3[start:end])
    nearest_T = _nearest(usable_T)
    boxes_T3 = _boxes(crops_T3[nearest_T])
    pixels_TNC = np.rint(points_TNC[nearest_T]).astype(np.int32)
    pixels_TNC[:, _LEFT, 0] = boxes_T3[:, 0]
    pixels_TNC[:, _RIGHT, 0] = boxes_T3[:, 0] + boxes_T3[:, 2]
    pixels_TNC[:, _TOP, 1] = boxes_T3[:, 1]
    source_T = landmarks.source_T.copy()
    source_T[~seen_T], source_T[bridged_T] = PointSource.MISSING, PointSource.INTERPOLATED
    num_bridged = int(bridged_T.sum())
    return TalkerPoints(found_TNC, source_T, pixels_TNC, boxes_T3, usable_T, num_missing, num_bridged, num_cuts)


def smoothed(values_TC: Float64Array) -> Float64Array:
    """Each value by the polynomial of degree 3 that fits it and its neighbours best: of 9 values, fewer where there are
    no 9, and at an end those of the first or last window. Fewer than 5 stay as they are.

    values_TC: float64 [T, C] at equal distances.
    """
    num_values = len(values_TC)
    window = min(_WINDOW_FRAMES, num_values - (num_values + 1) % 2)
    if window <= _DEGREE + 1:
        return values_TC.copy()
    half = window // 2
    powers_WD = np.vander(np.arange(-half, half + 1) / half, _DEGREE + 1)
    fit_WW = powers_WD @ np.linalg.pinv(powers_WD)
    windows_TCW = np.lib.stride_tricks.sliding_window_view(values_TC, window, axis=0)
    return np.concatenate(
        [fit_WW[:half] @ values_TC[:window], windows_TCW @ fit_WW[half], fit_WW[half + 1 :] @ values_TC[-window:]]
    )


def _crops(points_TNC: npt.NDArray[np.floating]) -> Float64Array:
    """float64 [T, 3], (centre's x, top, width) px."""
    left_T, right_T = (points_TNC[:, row, 0].astype(np.float64) for row in (_LEFT, _RIGHT))
    return np.stack([(left_T + right_T) / 2, points_TNC[:, _TOP, 1].astype(np.float64), right_T - left_T], axis=1)


def _boxes(crops_T3: Float64Array) -> Int32Array:
    """int32 [T, 3], (left, top, side) px."""
    side_T = np.rint(crops_T3[:, 2])
    return np.stack([np.rint(crops_T3[:, 0] - side_T / 2), np.rint(crops_T3[:, 1]), side_T], axis=1).astype(np.int32)


def _is_cut(before_3: Float64Array, after_3: Float64Array, most_growth: float = _MOST_GROWTH) -> bool:
    """Whether two crops, with nothing known between them, are of two scenes."""
    widths = sorted((before_3[2], after_3[2]))
    moved = np.hypot(*(after_3[:2] - before_3[:2])) / widths[0]
    return bool(widths[1] / widths[0] > most_growth or moved > _MOST_STEP)


def _bridge(points_TNC: Float64Array, crops_T3: Float64Array, seen_T: BoolArray, max_frames: int) -> BoolArray:
    """Fills points of short losses on a line, in place. bool [T], which frames."""
    bridged_T = np.zeros(len(seen_T), np.bool_)
    for start, end in runs(~seen_T):
        is_inside = start > 0 and end < len(seen_T)
        if not is_inside or end - start > max_frames:
            continue
        if _is_cut(crops_T3[start - 1], crops_T3[end], _MOST_GROWTH_OVER_A_LOSS):
            continue
        weights = np.arange(1, end - start + 1)[:, None, None] / (end - start + 1)
        points_TNC[start:end] = points_TNC[start - 1] + weights * (points_TNC[end] - points_TNC[start - 1])
        bridged_T[start:end] = True
    return bridged_T


def _num_cuts(crops_T3: Float64Array, seen_T: BoolArray, max_frames: int) -> int:
    """Of frames that show a face and follow each other, with a loss between them that could be bridged or none."""
    near = [(before, after) for before, after in pairwise(np.flatnonzero(seen_T)) if after - before <= max_frames + 1]
    most = {True: _MOST_GROWTH, False: _MOST_GROWTH_OVER_A_LOSS}
    return sum(_is_cut(crops_T3[before], crops_T3[after], most[after - before == 1]) for before, after in near)


def _scenes(crops_T3: Float64Array, usable_T: BoolArray) -> list[tuple[int, int]]:
    """Runs of usable frames without a cut, as (first, one past the last)."""
    found = []
    for start, end in runs(usable_T):
        cuts = [t for t in range(start + 1, end) if _is_cut(crops_T3[t - 1], crops_T3[t])]
        found += list(pairwise([start, *cuts, end]))
    return found


def _nearest(usable_T: BoolArray) -> npt.NDArray[np.intp]:
    """Of each frame the usable one that is nearest, of two the earlier."""
    places = np.flatnonzero(usable_T)
    after = np.searchsorted(places, np.arange(len(usable_T))).clip(max=len(places) - 1)
    before = np.maximum(after - 1, 0)
    t = np.arange(len(usable_T))
    nearest: npt.NDArray[np.intp] = np.where(
        np.abs(places[before] - t) <= np.abs(places[after] - t), places[before], places[after]
    )
    return nearest
