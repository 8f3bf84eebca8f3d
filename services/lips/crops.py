"""Mouth windows on arrays: boxes and centres from landmarks, crops from frames. Same arrays in, same arrays out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.arrays import Float64Array, UInt8Array
from services.base.media.points import Landmarks
from services.geometry.mouth_window import FixedScale, PaddedBox, RoiProfile

Int64Array = npt.NDArray[np.int64]

# Below this a window would be a smear of a few pixels: the landmarks have collapsed.
_MIN_WINDOW_PX = 8.0


@dataclass(frozen=True)
class Crops:
    """What cropping tells of itself. scale_x, scale_y: lowest and highest ratio of crop pixels to frame pixels."""

    scale_x: tuple[float, float]
    scale_y: tuple[float, float]


@dataclass(frozen=True)
class FixedWindows:
    """width_px: of the window in the frame, for all frames. centers_TC: float64 [T, 2], (x, y) px."""

    width_px: float
    centers_TC: Float64Array


def crop_clip(profile: RoiProfile, frames_THWC: UInt8Array, landmarks: Landmarks, out_THWC: UInt8Array) -> Crops:
    """Writes the first T crops into out_THWC [>=T, height_px, width_px, 3]; the rest is left as it is.

    frames_THWC: uint8 RGB, T >= 1. landmarks: for T frames or more. Raises BadInput NO_FACE where a face is needed.
    """
    num_frames = len(frames_THWC)
    if len(landmarks.source_T) < num_frames:
        raise ValueError(f"{num_frames} frames need as many landmarks, not {len(landmarks.source_T)}")
    if isinstance(profile, PaddedBox):
        height_px, width_px = frames_THWC.shape[1:3]
        boxes_T4 = padded_boxes(profile, landmarks, num_frames, width_px, height_px)
        return _crop_boxes(boxes_T4, frames_THWC, out_THWC)
    return _crop_windows(profile, fixed_windows(profile, landmarks, num_frames), frames_THWC, out_THWC)


def padded_boxes(
    profile: PaddedBox, landmarks: Landmarks, num_frames: int, width_px: int, height_px: int
) -> Int64Array:
    """int64 [T, 4] of (x0, y0, x1, y1), ends exclusive, inside the frame; the fallback where there is no face."""
    size = np.array([width_px, height_px])
    present_T = landmarks.present_T[:num_frames]
    lips_TNC = np.where(present_T[:, None, None], landmarks.group("lips")[:num_frames], np.float32(0))
    # The original holds points as float32 fractions of the frame: 1 px of some boxes hangs on that rounding.
    fractions_TNC = (lips_TNC.astype(np.float64) / size).astype(np.float32)
    points_TNC = fractions_TNC * size.astype(np.float32)
    low_TC, high_TC = points_TNC.min(axis=1), points_TNC.max(axis=1)
    pad_TC = np.array([profile.pad_ratio_x, profile.pad_ratio_y], np.float32) * (high_TC - low_TC)
    # The last column and row are out of its reach, too.
    low_TC = np.clip(np.floor(low_TC - pad_TC), 0, size - 1).astype(np.int64)
    high_TC = np.clip(np.ceil(high_TC + pad_TC), 0, size - 1).astype(np.int64)
    center = np.array([width_px // 2, int(height_px * profile.fallback_y)])
    half = np.array([profile.width_px // 2, profile.height_px // 2])
    usable_T1 = (present_T & (high_TC > low_TC).all(axis=1))[:, None]
    low_TC = np.where(usable_T1, low_TC, np.clip(center - half, 0, size - 1))
    high_TC = np.where(usable_T1, high_TC, np.clip(center + half, 0, size - 1))
    return np.concatenate([low_TC, high_TC], axis=1)


def _crop_boxes(boxes_T4: Int64Array, frames_THWC: UInt8Array, out_THWC: UInt8Array) -> Crops:
    height_px, width_px = out_THWC.shape[1:3]
    for t, (x0, y0, x1, y1) in enumerate(boxes_T4.tolist()):
        if x1 > x0 and y1 > y0:
            cv2.resize(frames_THWC[t, y0:y1, x0:x1], (width_px, height_px), out_THWC[t], interpolation=cv2.INTER_AREA)
        else:
            out_THWC[t] = 0
    sides_T2 = np.maximum(boxes_T4[:, 2:] - boxes_T4[:, :2], 1)
    scale_T2 = np.array([width_px, height_px]) / sides_T2
    low, high = scale_T2.min(axis=0).tolist(), scale_T2.max(axis=0).tolist()
    return Crops((low[0], high[0]), (low[1], high[1]))


def fixed_windows(profile: FixedScale, landmarks: Landmarks, num_frames: int) -> FixedWindows:
    """One width and a smooth path of centres. Frames without a face lie on a line between neighbours; ends are held.

    Raises BadInput NO_FACE.
    """
    present_T = landmarks.present_T[:num_frames]
    if not present_T.any():
        raise BadInput(
            "NO_FACE",
            f"no face in any of {num_frames} frames, and a window needs one: look at the clip, "
            "or choose a profile that does without (liptype2-v1)",
        )
    lips_TNC = landmarks.group("lips")[:num_frames][present_T].astype(np.float64)
    sides_TC = lips_TNC.max(axis=1) - lips_TNC.min(axis=1)
    corners_TNC = landmarks.group("mouth_corners")[:num_frames][present_T].astype(np.float64)
    across_T = np.hypot(*(corners_TNC[:, 1] - corners_TNC[:, 0]).T)
    wide = float(np.median(across_T)) * (1 + 2 * profile.pad_ratio_x)
    tall = float(np.percentile(sides_TC[:, 1], profile.height_percentile)) * (1 + 2 * profile.pad_ratio_y)
    width_px = max(wide, tall * profile.width_px / profile.height_px, _MIN_WINDOW_PX)
    # Points far outside the frame must not ask for a window of unbounded size.
    width_px = min(width_px, 2.0 * max(landmarks.width_px, landmarks.height_px))
    times_T, seen_T = np.arange(num_frames), np.flatnonzero(present_T)
    path_TC = np.stack([np.interp(times_T, seen_T, axis_T) for axis_T in lips_TNC.mean(axis=1).T], axis=1)
    return FixedWindows(width_px, smoothed(path_TC, profile.smoothing_frames))


def smoothed(path_TC: Float64Array, sigma_frames: float) -> Float64Array:
    """A Gaussian over time, cut at three sigmas, the path's ends held. float64 [T, C] in and out."""
    radius = math.ceil(3 * sigma_frames)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma_frames) ** 2)
    padded_TC = np.pad(path_TC, ((radius, radius), (0, 0)), mode="edge")
    columns = [np.convolve(padded_TC[:, c], kernel / kernel.sum(), mode="valid") for c in range(path_TC.shape[1])]
    return np.stack(columns, axis=1)


def _crop_windows(profile: FixedScale, windows: FixedWindows, frames_THWC: UInt8Array, out_THWC: UInt8Array) -> Crops:
    """Samples each window on a grid, bilinear; one larger than the crop on a finer grid, then averaged down to it."""
    step = windows.width_px / profile.width_px
    fineness = max(1, math.ceil(step))
    grid = (profile.width_px * fineness, profile.height_px * fineness)
    step /= fineness
    corner_TC = windows.centers_TC - (np.array(grid) - 1) * step / 2
    for t, (x, y) in enumerate(corner_TC.tolist()):
        to_frame = np.array([[step, 0.0, x], [0.0, step, y]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        if fineness == 1:
            cv2.warpAffine(frames_THWC[t], to_frame, grid, out_THWC[t], flags, cv2.BORDER_REPLICATE)
        else:
            fine = cv2.warpAffine(frames_THWC[t], to_frame, grid, None, flags, cv2.BORDER_REPLICATE)
            cv2.resize(fine, (profile.width_px, profile.height_px), out_THWC[t], interpolation=cv2.INTER_AREA)
    scale = profile.width_px / windows.width_px
    return Crops((scale, scale), (scale, scale))
