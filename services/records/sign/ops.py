"""Points as trainers want them: which are visible, gaps filled, within the frame. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, Float64Array
from services.base.media.points import Keypoints
from services.records.sign.points import LEFT_HAND, NUM_KEYPOINTS, POSE, RIGHT_HAND

BoolArray = npt.NDArray[np.bool_]
Int64Array = npt.NDArray[np.int64]

# No gap is filled over a longer time, unless somebody asks for more frames than it holds.
_MOST_FILLED_S = 1.0
_EVEN_S = 0.002


def visible_points(keypoints: Keypoints, conf_thresh: float) -> tuple[Float32Array, BoolArray]:
    """(xy_TNC float32 [T,78,2] within 0..1, mask_TN bool [T,78]).

    A pose point is visible from conf_thresh on, a point of a hand or the face where the model gave one. Pose points
    below the threshold keep their coordinates, absent points have (0, 0). Raises BadConfig for another layout.
    """
    if keypoints.xy_TNC.shape[1] != NUM_KEYPOINTS:
        raise BadConfig(
            "OTHER_LAYOUT",
            f"{keypoints.layout} has {keypoints.xy_TNC.shape[1]} points, a sign file holds {NUM_KEYPOINTS}: "
            "take the holistic keypoints stage",
        )
    present_TN = keypoints.present_TN & np.isfinite(keypoints.xy_TNC).all(axis=2)
    xy_TNC = np.clip(np.where(present_TN[..., None], keypoints.xy_TNC, np.float32(0)), np.float32(0), np.float32(1))
    mask_TN = present_TN.copy()
    mask_TN[:, POSE] &= keypoints.confidence_TN[:, POSE] >= conf_thresh
    return xy_TNC, mask_TN


def longest_gap_s(pts_s_T: Float64Array, max_gap: int, target_fps: float) -> float:
    """How long the time between two visible frames may be for what lies between to be filled.

    That of max_gap frames at the clip's own usual step, half of it more for steps of any length; never over a second,
    but where max_gap frames at target_fps are longer.
    """
    wanted_s = (max_gap + 1) / target_fps if target_fps > 0 else 0.0
    usual_s = float(np.median(np.diff(pts_s_T))) if len(pts_s_T) > 1 else 0.0
    return min(max(1.5 * (max_gap + 1) * usual_s, 1.5 * wanted_s), max(_MOST_FILLED_S, wanted_s) + _EVEN_S)


def fill_gaps(
    xy_TNC: Float32Array,
    mask_TN: BoolArray,
    max_gap: int,
    pts_s_T: Float64Array | None = None,
    starts_T: BoolArray | None = None,
    max_gap_s: float = float("inf"),
) -> tuple[Float32Array, BoolArray]:
    """(xy_TNC, mask_TN) with each point's gaps of 1 to max_gap frames filled linearly in time, and made visible.

    Only gaps between two visible frames at most max_gap_s apart are filled, none in which another scene starts; what
    leads or trails stays as it is. pts_s_T: rising; None: frames a step apart. The arguments stay untouched.
    """
    filled_TNC, filled_TN = xy_TNC.copy(), mask_TN.copy()
    times_T = np.arange(len(mask_TN), dtype=np.float64) if pts_s_T is None else pts_s_T
    scene_T = np.zeros(len(mask_TN), np.int64) if starts_T is None else np.cumsum(starts_T)
    for n in range(mask_TN.shape[1]):
        seen = np.flatnonzero(mask_TN[:, n])
        lengths = np.diff(seen) - 1
        for i in np.flatnonzero((lengths >= 1) & (lengths <= max_gap)):
            before, after = seen[i], seen[i + 1]
            if scene_T[before] != scene_T[after] or times_T[after] - times_T[before] > max_gap_s:
                continue
            part = _parts(times_T[before : after + 1])[:, None]
            first, last = xy_TNC[before, n].astype(np.float64), xy_TNC[after, n].astype(np.float64)
            filled_TNC[before + 1 : after, n] = np.clip(first * (1 - part) + last * part, 0, 1)
            filled_TN[before + 1 : after, n] = True
    return filled_TNC, filled_TN


def _parts(times_T: Float64Array) -> Float64Array:
    """Where the inner ones of rising times lie between the ends, 0..1; in equal steps where they are but for rounding.

    Times that a container wrote to the millisecond then give what exact ones give.
    """
    num_steps = len(times_T) - 1
    equal_T: Float64Array = np.arange(1, num_steps, dtype=np.float64) / num_steps
    whole = times_T[-1] - times_T[0]
    inner_T: Float64Array = times_T[1:-1] - times_T[0]
    return equal_T if np.abs(inner_T - equal_T * whole).max() <= _EVEN_S else inner_T / whole


def timestamps_ms(pts_s_T: Float64Array) -> Int64Array:
    """Whole milliseconds, rounded down as readers of OpenCV's clock have them; never negative, never going back.

    A stream whose first time is negative is moved to begin at 0.
    """
    times_s = pts_s_T - min(0.0, float(pts_s_T[0])) if len(pts_s_T) else pts_s_T
    # What lies a rounding error below a whole millisecond belongs to it.
    return np.maximum.accumulate(np.floor(times_s * 1000 + 1e-6).astype(np.int64))


def visible_shares(mask_TN: BoolArray) -> dict[str, float]:
    """Shares of the frames, 0..1, in which each hand, any hand, and anything has a visible point; that of points."""
    left_T: BoolArray = np.any(mask_TN[:, LEFT_HAND], axis=1)
    right_T: BoolArray = np.any(mask_TN[:, RIGHT_HAND], axis=1)
    return {
        "left_hand_share": _share(left_T),
        "right_hand_share": _share(right_T),
        "hands_share": _share(left_T | right_T),
        "person_share": _share(np.any(mask_TN, axis=1)),
        "visible_share": _share(mask_TN),
    }


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 4) if flags.size else 0.0
