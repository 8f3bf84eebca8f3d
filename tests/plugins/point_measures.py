"""How far two sets of points are apart, and which points of a body count: measures of tests and benchmarks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array, Float64Array
from services.base.media.points import Keypoints, Landmarks, PointSource
from services.base.media.topology import IBUG_68
from services.landmarks.body.layout import FACE, LEFT_HAND, POSE, RIGHT_HAND

BoolArray = npt.NDArray[np.bool_]

GROUPS: dict[str, slice] = {"pose": POSE, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND, "face": FACE}


def shown_points(keypoints: Keypoints, conf_thresh: float = 0.5) -> BoolArray:
    """Points that count, bool [T, 78]: of a body those with at least this visibility, hands and face where found."""
    shown_TN: BoolArray = keypoints.present_TN.copy()
    shown_TN[:, POSE] &= keypoints.confidence_TN[:, POSE] >= conf_thresh
    return shown_TN


def normalised_error(landmarks: Landmarks, reference: Landmarks) -> Float64Array:
    """float64 [T]: mean distance of a frame's points to the reference's, over the reference's outer-eye distance.

    NaN where either is MISSING. The field's normalised mean error by inter-ocular distance
    (https://ibug.doc.ic.ac.uk/resources/300-W/). Raises ValueError for other topologies or lengths.
    """
    if (landmarks.topology, len(landmarks.source_T)) != (reference.topology, len(reference.source_T)):
        raise ValueError(
            f"{landmarks.topology} x {len(landmarks.source_T)} frames cannot be held against {reference.topology} x "
            f"{len(reference.source_T)} frames: compare the same points of the same clip"
        )
    points_TNC = landmarks.points_TNC.astype(np.float64)
    distance_TN = np.linalg.norm(points_TNC - reference.points_TNC, axis=2)
    corners_T2C = reference.group("outer_eye_corners").astype(np.float64)
    between_T = np.linalg.norm(corners_T2C[:, 0] - corners_T2C[:, 1], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error_T: Float64Array = distance_TN.mean(axis=1) / between_T
    return error_T


def group_boxes(landmarks: Landmarks, group: str, margin_x: float = 0.0, margin_y: float = 0.0) -> Float32Array:
    """float32 [T, 4] (left, top, right, bottom) in pixels around a named group, NaN where MISSING.

    margins: widen each side by this share of the width and of the height.
    """
    points_TNC = landmarks.group(group)
    low_TC, high_TC = points_TNC.min(axis=1), points_TNC.max(axis=1)
    widen_TC = (high_TC - low_TC) * np.array([margin_x, margin_y], np.float32)
    return np.concatenate((low_TC - widen_TC, high_TC + widen_TC), axis=1)


def box_iou(boxes: npt.ArrayLike, others: npt.ArrayLike) -> Float64Array:
    """float64 [...]: intersection over union of boxes [..., 4] (left, top, right, bottom); 0 where both are empty."""
    a, b = np.asarray(boxes, np.float64), np.asarray(others, np.float64)
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=-1)
    union = np.prod(a[..., 2:] - a[..., :2], axis=-1) + np.prod(b[..., 2:] - b[..., :2], axis=-1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union != 0)


FACE_NC = np.random.default_rng(7).uniform(50, 150, (68, 2)).astype(np.float32)


def clip(pattern: str) -> Landmarks:
    """One letter a frame: D detected, t tracked, i interpolated, . missing. The face moves by (1, 2) px a frame."""
    letters = {".": PointSource.MISSING, "D": PointSource.DETECTED, "t": PointSource.TRACKED}
    source_T = np.array([letters.get(letter, PointSource.INTERPOLATED) for letter in pattern], np.uint8)
    steps_T = np.arange(len(pattern), dtype=np.float32)
    points_TNC = FACE_NC + steps_T[:, None, None] * np.array([1, 2], np.float32)
    points_TNC[source_T == PointSource.MISSING] = np.nan
    score_T = np.where(np.isin(source_T, (1, 2)), 0.9, 0.0).astype(np.float32)
    return Landmarks(IBUG_68, points_TNC.astype(np.float32), score_T, source_T, 360, 288)
