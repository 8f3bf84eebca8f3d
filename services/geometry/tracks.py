"""Pure functions on landmarks: runs of missing frames, and bridging the short ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from services.base.media.points import Landmarks, PointSource


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


def losses(landmarks: Landmarks) -> list[tuple[int, int]]:
    """Runs of MISSING frames as (first, one past the last), in order."""
    return runs(~landmarks.present_T)


def runs(holds_T: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs of True as (first, one past the last), in order. holds_T: bool [T]."""
    padded_T = np.concatenate(([False], holds_T, [False]))
    edges = np.flatnonzero(padded_T[1:] != padded_T[:-1])
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
