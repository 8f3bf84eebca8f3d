"""Pure functions on landmarks: bridging losses, and how far two sets of points are apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from services.base.media import Float32Array, Float64Array, Landmarks, PointSource


def interpolate_short_losses(landmarks: Landmarks, max_gap_frames: int) -> Landmarks:
    """Losses of at most `max_gap_frames` between two present frames become INTERPOLATED, linear in the frame's index.

    Longer losses, and those at either end, stay MISSING. Scores of interpolated frames are 0: nothing was seen there.
    Raises ValueError for a negative max_gap_frames.
    """
    if max_gap_frames < 0:
        raise ValueError(f"max_gap_frames {max_gap_frames} must not be negative: 0 interpolates nothing")
    points_TNC, source_T = landmarks.points_TNC.copy(), landmarks.source_T.copy()
    for start, stop in losses(landmarks):
        if start == 0 or stop == len(source_T) or stop - start > max_gap_frames:
            continue
        before, after = points_TNC[start - 1].astype(np.float64), points_TNC[stop].astype(np.float64)
        weights = np.arange(1, stop - start + 1, dtype=np.float64)[:, None, None] / (stop - start + 1)
        points_TNC[start:stop] = before + weights * (after - before)
        source_T[start:stop] = PointSource.INTERPOLATED
    return replace(landmarks, points_TNC=points_TNC, source_T=source_T)


def hold_ends(landmarks: Landmarks) -> Landmarks:
    """Frames before the first present one take its points, those after the last present one its, as INTERPOLATED.

    A clip without a face is returned as it is.
    """
    present = np.flatnonzero(landmarks.present_T)
    if not len(present):
        return landmarks
    first, last = int(present[0]), int(present[-1])
    points_TNC, source_T = landmarks.points_TNC.copy(), landmarks.source_T.copy()
    points_TNC[:first], points_TNC[last + 1 :] = points_TNC[first], points_TNC[last]
    source_T[:first] = source_T[last + 1 :] = PointSource.INTERPOLATED
    return replace(landmarks, points_TNC=points_TNC, source_T=source_T)


def losses(landmarks: Landmarks) -> list[tuple[int, int]]:
    """Runs of MISSING frames as (first, one past the last), in order."""
    missing_T = np.concatenate(([False], ~landmarks.present_T, [False]))
    edges = np.flatnonzero(missing_T[1:] != missing_T[:-1])
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


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


def summary(landmarks: Landmarks) -> dict[str, Any]:
    """Quality facts, JSON-able: frames by source, the longest loss, the mean score of frames where a face was seen."""
    counts = np.bincount(landmarks.source_T, minlength=len(PointSource))
    seen_T = np.isin(landmarks.source_T, (PointSource.DETECTED, PointSource.TRACKED))
    return {
        "num_frames": len(landmarks.source_T),
        **{f"num_{source.name.lower()}": int(counts[source]) for source in PointSource},
        "longest_loss_frames": max((stop - start for start, stop in losses(landmarks)), default=0),
        "mean_score": round(float(landmarks.score_T[seen_T].mean(dtype=np.float64)), 4) if seen_T.any() else 0.0,
    }
