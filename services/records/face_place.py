"""Whether the points of a clip can be one upright face: its roll, its proportions, its place, and jumps. Pure.

Measured in the eyes' own frame: lengths are shares of the distance of the outer eye corners, `down` is at right angles
to the line through them. Bounds are far outside of what speakers who face the camera give: over 50 clips of GRID the
roll stays within 4 degrees, the mouth lies 0.77 to 0.98 down and 0.08 aside, is 0.46 to 0.70 wide, the face moves by
0.05 a frame, and MediaPipe's score is 0.89 or more. Upside down, its points lie upright with the mouth in the hair, and
its score is 0.71 or less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float64Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import IBUG_68, MEDIAPIPE_478
from services.records.frame_quality import BoolArray

MAX_ROLL_DEG = 30.0
_DOWN, _ASIDE, _WIDE = (0.5, 1.5), 0.5, (0.25, 1.2)
# Below this a mouth is a few pixels, and above it the face does not fit into the frame.
_MIN_EYES_PX, _MAX_EYES_OF_WIDTH = 12.0, 0.8
_MAX_STEP, _MAX_GROWTH = 0.5, 1.4
# By topology, since the detectors' scores have scales of their own. dlib's is 0.6 to 2.4 for faces turned by up to 40
# degrees; upside down it mostly finds none, else one of 0.15 or less.
_MIN_SCORE = {MEDIAPIPE_478: 0.75, IBUG_68: 0.25}


@dataclass(frozen=True)
class FacePlace:
    """roll_deg: median, clockwise, of frames with points; 0 without any. num_turned: frames whose roll is over
    MAX_ROLL_DEG. num_misplaced: frames whose points are no face's, or lie outside the frame. num_jumps: times that the
    face is elsewhere, or of another size, in the next frame that has one. score: median, 0 without any.
    is_doubtful: the detector hardly takes it for a face.
    """

    roll_deg: float = 0.0
    num_turned: int = 0
    num_misplaced: int = 0
    num_jumps: int = 0
    score: float = 0.0
    is_doubtful: bool = False


def face_place(landmarks: Landmarks, num_frames: int) -> FacePlace:
    """Of the first num_frames. Points that were interpolated are left out: they say nothing of their own."""
    source_T = landmarks.source_T[:num_frames]
    seen_T = np.isin(source_T, (PointSource.DETECTED, PointSource.TRACKED))
    if not seen_T.any():
        return FacePlace()
    eyes_T2C = landmarks.group("outer_eye_corners")[:num_frames][seen_T].astype(np.float64)
    across_TC = eyes_T2C[:, 1] - eyes_T2C[:, 0]
    eyes_T = np.maximum(np.hypot(*across_TC.T), 1e-6)
    roll_T = np.degrees(np.arctan2(across_TC[:, 1], across_TC[:, 0]))
    centre_TC = eyes_T2C.mean(axis=1)
    score = float(np.median(landmarks.score_T[:num_frames][seen_T]))
    return FacePlace(
        round(float(np.median(roll_T)), 1),
        int((np.abs(roll_T) > MAX_ROLL_DEG).sum()),
        int(_misplaced(landmarks, num_frames, seen_T, across_TC, centre_TC, eyes_T).sum()),
        _num_jumps(centre_TC, eyes_T),
        round(score, 4),
        score < _MIN_SCORE.get(landmarks.topology, 0.0),
    )


def _misplaced(
    landmarks: Landmarks,
    num_frames: int,
    seen_T: BoolArray,
    across_TC: Float64Array,
    centre_TC: Float64Array,
    eyes_T: Float64Array,
) -> BoolArray:
    along_TC = across_TC / eyes_T[:, None]
    downward_TC = np.stack([-along_TC[:, 1], along_TC[:, 0]], axis=1)

    def mean_of(group: str) -> Float64Array:
        mean_TC: Float64Array = landmarks.group(group)[:num_frames][seen_T].astype(np.float64).mean(axis=1)
        return mean_TC

    mouth_TC = mean_of("lips")
    corners_T2C = landmarks.group("mouth_corners")[:num_frames][seen_T].astype(np.float64)
    wide_T = np.hypot(*(corners_T2C[:, 1] - corners_T2C[:, 0]).T) / eyes_T
    down_T = ((mouth_TC - centre_TC) * downward_TC).sum(axis=1) / eyes_T
    aside_T = np.abs(((mouth_TC - centre_TC) * along_TC).sum(axis=1)) / eyes_T
    nose_T = ((mean_of("nose") - centre_TC) * downward_TC).sum(axis=1) / eyes_T
    is_face_T = (down_T > _DOWN[0]) & (down_T < _DOWN[1]) & (aside_T < _ASIDE) & (nose_T > 0) & (nose_T < down_T)
    is_face_T &= (wide_T > _WIDE[0]) & (wide_T < _WIDE[1])
    is_sized_T = (eyes_T >= _MIN_EYES_PX) & (eyes_T <= _MAX_EYES_OF_WIDTH * landmarks.width_px)
    is_inside_T = ((mouth_TC >= 0) & (mouth_TC < (landmarks.width_px, landmarks.height_px))).all(axis=1)
    misplaced_T: BoolArray = ~(is_face_T & is_sized_T & is_inside_T)
    return misplaced_T


def _num_jumps(centre_TC: Float64Array, eyes_T: Float64Array) -> int:
    steps_T = np.hypot(*np.diff(centre_TC, axis=0).T) / np.minimum(eyes_T[1:], eyes_T[:-1])
    growth_T = np.maximum(eyes_T[1:] / eyes_T[:-1], eyes_T[:-1] / eyes_T[1:])
    return int(((steps_T > _MAX_STEP) | (growth_T > _MAX_GROWTH)).sum())
