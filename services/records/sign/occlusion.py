"""Whether a clip counts as occluded: hands over the head, or too few visible points. Pure.

Both rules work on the points after gaps were filled. Source of the rules and of their numbers: the preprocessing of the
FSL-105 recognition project, at the commit whose outputs the golden files hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array
from services.base.media.video import rate_of
from services.records.sign.ops import BoolArray
from services.records.sign.points import FACE, LEFT_HAND, RIGHT_HAND
from services.records.sign.spec import OcclusionMethod, SignFilesConfig

_MIN_FACE_POINTS, _MIN_HAND_POINTS, _MIN_KNUCKLES = 5, 4, 2
_FACE_SCALE, _PALM_SCALE, _MIN_HALF_AXIS = 1.3, 1.2, 1e-3
# Where nobody is seen in more frames than this, nothing is hidden: there is nobody.
LEAST_SEEN_SHARE = 0.25
_WRIST, _KNUCKLES, _FINGERTIPS = 0, [5, 9, 13, 17], [4, 8, 12, 16, 20]


@dataclass(frozen=True)
class Occlusion:
    """The result for a clip. method: the rule that was applied, hand-over-head or visibility.

    share: of occluded frames, 0..1. longest_run: of occluded frames. min_run: frames in a row that would have been
    enough.
    """

    occluded: bool
    method: OcclusionMethod
    share: float
    longest_run: int
    min_run: int


def judge(xy_TNC: Float32Array, mask_TN: BoolArray, pts_s_T: Float64Array, config: SignFilesConfig) -> Occlusion:
    """The result by config.occ_method: `auto` falls back to visibility where no hand was found over the head.

    A clip in which hardly a frame shows anybody is not occluded.
    """
    method: OcclusionMethod = "visibility" if config.occ_method == "visibility" else "hand-over-head"
    frames_T = hand_over_head(xy_TNC, mask_TN) if method == "hand-over-head" else np.zeros(0, np.bool_)
    if config.occ_method == "visibility" or (config.occ_method == "auto" and not frames_T.any()):
        method, frames_T = "visibility", hardly_visible(mask_TN, config.occ_vis_thresh)
    share = float(frames_T.mean()) if len(frames_T) else 0.0
    run, min_run = longest_run(frames_T), min_run_frames(pts_s_T, config)
    seen_share = float(mask_TN.any(axis=1).mean()) if len(mask_TN) else 0.0
    hidden = share >= config.occ_frame_prop or run >= min_run
    occluded = len(frames_T) > 0 and seen_share >= LEAST_SEEN_SHARE and hidden
    return Occlusion(bool(occluded), method, share, run, min_run)


def min_run_frames(pts_s_T: Float64Array, config: SignFilesConfig) -> int:
    """occ_min_run, or as many frames as last occ_min_run_s at the clip's own rate (at least 1)."""
    if config.occ_min_run_s <= 0 or len(pts_s_T) < 2:
        return config.occ_min_run
    return max(1, round(config.occ_min_run_s * min(rate_of(pts_s_T), 1000.0)))


def hand_over_head(xy_TNC: Float32Array, mask_TN: BoolArray) -> BoolArray:
    """Of each frame (bool [T]): a fingertip is inside an ellipse about the face, or a palm's centre in a larger one.

    The ellipse is that of the visible face points' bounding box with half-axes 1.3 times as long, for palms 1.2 times
    that. A frame needs 5 visible face points, a hand 4 visible points. A palm's centre is the mean of 2 or more visible
    knuckles, else the wrist.
    """
    points_TNC: Float64Array = xy_TNC.astype(np.float64)
    face_TN = mask_TN[:, FACE]
    centre_TC, half_TC = _ellipse(points_TNC[:, FACE], face_TN)
    over_T = np.zeros(len(xy_TNC), np.bool_)
    for hand in (LEFT_HAND, RIGHT_HAND):
        hand_TNC, seen_TN = points_TNC[:, hand], mask_TN[:, hand]
        tips_TN = _inside(hand_TNC[:, _FINGERTIPS], centre_TC, half_TC) & seen_TN[:, _FINGERTIPS]
        palm_TC, has_palm_T = _palm(hand_TNC, seen_TN)
        palm_T = _inside(palm_TC[:, None], centre_TC, half_TC * _PALM_SCALE)[:, 0] & has_palm_T
        over_T |= (seen_TN.sum(axis=1) >= _MIN_HAND_POINTS) & (tips_TN.any(axis=1) | palm_T)
    return over_T & (face_TN.sum(axis=1) >= _MIN_FACE_POINTS)


def hardly_visible(mask_TN: BoolArray, vis_thresh: float) -> BoolArray:
    """Of each frame (bool [T]): fewer than this share of the points are visible."""
    return mask_TN.mean(axis=1) < vis_thresh


def longest_run(frames_T: BoolArray) -> int:
    """How many True follow one another at most."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], frames_T, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _ellipse(face_TNC: Float64Array, seen_TN: BoolArray) -> tuple[Float64Array, Float64Array]:
    """(centre_TC, half_TC), of no meaning where no point is visible."""
    low_TC = np.where(seen_TN[..., None], face_TNC, np.inf).min(axis=1)
    high_TC = np.where(seen_TN[..., None], face_TNC, -np.inf).max(axis=1)
    none_T = ~seen_TN.any(axis=1)
    low_TC[none_T], high_TC[none_T] = 0.0, 0.0
    return (low_TC + high_TC) / 2, np.maximum((high_TC - low_TC) / 2 * _FACE_SCALE, _MIN_HALF_AXIS)


def _inside(points_TNC: Float64Array, centre_TC: Float64Array, half_TC: Float64Array) -> BoolArray:
    return (((points_TNC - centre_TC[:, None]) / half_TC[:, None]) ** 2).sum(axis=2) <= 1


def _palm(hand_TNC: Float64Array, seen_TN: BoolArray) -> tuple[Float64Array, BoolArray]:
    """(palm_TC, bool [T] whether there is one)."""
    knuckles_TN = seen_TN[:, _KNUCKLES]
    count_T = knuckles_TN.sum(axis=1)
    sum_TC = (hand_TNC[:, _KNUCKLES] * knuckles_TN[..., None]).sum(axis=1)
    enough_T = count_T >= _MIN_KNUCKLES
    palm_TC = np.where(enough_T[:, None], sum_TC / np.maximum(count_T, 1)[:, None], hand_TNC[:, _WRIST])
    return palm_TC, enough_T | seen_TN[:, _WRIST]
