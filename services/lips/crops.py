"""Mouth windows on arrays: boxes and centres from landmarks, crops from frames. Same arrays in, same arrays out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.arrays import Float64Array, UInt8Array
from services.base.media.points import Landmarks
from services.geometry.mouth_window import AlignedFace, FixedScale, PaddedBox, RoiProfile

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# Below this a window would be a smear of a few pixels: the landmarks have collapsed.
_MIN_WINDOW_PX = 8.0


@dataclass(frozen=True)
class Crops:
    """What cropping tells of itself. scale_x, scale_y: lowest and highest ratio of crop pixels to frame pixels."""

    scale_x: tuple[float, float]
    scale_y: tuple[float, float]


@dataclass(frozen=True)
class AlignedFaces:
    """step_TC: float64 [T, 2], the (x, y) in the frame's pixels that one pixel to the right in the crop is: its length
    is the scale, its direction the turn. centers_TC: float64 [T, 2], (x, y) px of the crop's middle in the frame.
    """

    step_TC: Float64Array
    centers_TC: Float64Array


@dataclass(frozen=True)
class FixedWindows:
    """width_px: of the window in the frame, for all frames. centers_TC: float64 [T, 2], (x, y) px."""

    width_px: float
    centers_TC: Float64Array


def crop_clip(profile: RoiProfile, frames_THWC: UInt8Array, landmarks: Landmarks, out_THWC: UInt8Array) -> Crops:
    """Writes the first T crops into out_THWC [>=T, height_px, width_px, C]; the rest is left as it is.

    frames_THWC: uint8, RGB or of one channel, T >= 1. landmarks: for T frames or more. Raises BadInput NO_FACE where a
    face is needed.
    """
    num_frames = len(frames_THWC)
    if len(landmarks.source_T) < num_frames:
        raise ValueError(f"{num_frames} frames need as many landmarks, not {len(landmarks.source_T)}")
    if isinstance(profile, PaddedBox):
        height_px, width_px = frames_THWC.shape[1:3]
        boxes_T4 = padded_boxes(profile, landmarks, num_frames, width_px, height_px)
        return _crop_boxes(boxes_T4, frames_THWC, out_THWC)
    if isinstance(profile, AlignedFace):
        return _crop_faces(aligned_faces(profile, landmarks, num_frames), frames_THWC, out_THWC)
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
    present_T = _present(landmarks, num_frames)
    lips_TNC = landmarks.group("lips")[:num_frames][present_T].astype(np.float64)
    sides_TC = lips_TNC.max(axis=1) - lips_TNC.min(axis=1)
    corners_TNC = landmarks.group("mouth_corners")[:num_frames][present_T].astype(np.float64)
    across_T = np.hypot(*(corners_TNC[:, 1] - corners_TNC[:, 0]).T)
    wide = float(np.median(across_T)) * (1 + 2 * profile.pad_ratio_x)
    tall = float(np.percentile(sides_TC[:, 1], profile.height_percentile)) * (1 + 2 * profile.pad_ratio_y)
    width_px = max(wide, tall * profile.width_px / profile.height_px, _MIN_WINDOW_PX)
    # Points far outside the frame must not ask for a window of unbounded size.
    width_px = min(width_px, 2.0 * max(landmarks.width_px, landmarks.height_px))
    return FixedWindows(width_px, smoothed(_bridged(lips_TNC.mean(axis=1), present_T), profile.smoothing_frames))


def aligned_faces(profile: AlignedFace, landmarks: Landmarks, num_frames: int) -> AlignedFaces:
    """Where the crop of each frame lies in it. Frames without a face lie on a line between neighbours; ends are held.

    Raises BadInput NO_FACE.
    """
    present_T = _present(landmarks, num_frames)
    paths = []
    for name in ("right_eye", "left_eye", "lips"):
        center_TC = landmarks.group(name)[:num_frames][present_T].astype(np.float64).mean(axis=1)
        paths.append(smoothed(_bridged(center_TC, present_T), profile.smoothing_frames))
    points_T3 = np.stack([path_TC[:, 0] + 1j * path_TC[:, 1] for path_TC in paths], axis=1)
    half = profile.eyes_px / 2
    mean_3 = np.array([-half, half, 1j * profile.lips_px])
    # The similarity of least squares from crop to frame: one complex factor, which turns and scales.
    from_mean_3 = mean_3 - mean_3.mean()
    from_center_T3 = points_T3 - points_T3.mean(axis=1, keepdims=True)
    step_T = (from_center_T3 * from_mean_3.conj()).sum(axis=1) / (abs(from_mean_3) ** 2).sum()
    # Collapsed landmarks must not ask for a smear of a few pixels, nor points outside the frame for an unbounded one.
    least = _MIN_WINDOW_PX / profile.width_px
    most = 2.0 * max(landmarks.width_px, landmarks.height_px) / profile.width_px
    size_T = np.maximum(abs(step_T), 1e-9)
    step_T = np.where(abs(step_T) > 1e-9, step_T, 1e-9) / size_T * np.clip(size_T, least, most)
    return AlignedFaces(np.stack([step_T.real, step_T.imag], axis=1), paths[2])


def _present(landmarks: Landmarks, num_frames: int) -> BoolArray:
    """Raises BadInput NO_FACE where there is a face in no frame."""
    present_T: BoolArray = landmarks.present_T[:num_frames]
    if not present_T.any():
        raise BadInput(
            "NO_FACE",
            f"no face in any of {num_frames} frames, and a window needs one: look at the clip, "
            "or choose a profile that does without (liptype2-v1)",
        )
    return present_T


def _bridged(path_TC: Float64Array, present_T: BoolArray) -> Float64Array:
    """path_TC: of the frames that are present. Of all: on a line between neighbours, the ends held."""
    times_T, seen_T = np.arange(len(present_T)), np.flatnonzero(present_T)
    return np.stack([np.interp(times_T, seen_T, axis_T) for axis_T in path_TC.T], axis=1)


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
    for t, center in enumerate(windows.centers_TC.tolist()):
        _sample(frames_THWC[t], center, (step, 0.0), out_THWC[t])
    return Crops((1 / step, 1 / step), (1 / step, 1 / step))


def _crop_faces(faces: AlignedFaces, frames_THWC: UInt8Array, out_THWC: UInt8Array) -> Crops:
    for t, (center, step) in enumerate(zip(faces.centers_TC.tolist(), faces.step_TC.tolist(), strict=True)):
        _sample(frames_THWC[t], center, step, out_THWC[t])
    scale_T = 1 / np.hypot(*faces.step_TC.T)
    span = float(scale_T.min()), float(scale_T.max())
    return Crops(span, span)


def _sample(frame_HWC: UInt8Array, center: Sequence[float], step: Sequence[float], out_HWC: UInt8Array) -> None:
    """center: (x, y) px in the frame of the crop's middle. step: (x, y) px in the frame, one pixel to the right in the
    crop.
    """
    height_px, width_px = out_HWC.shape[:2]
    fineness = max(1, math.ceil(math.hypot(*step)))
    grid = (width_px * fineness, height_px * fineness)
    right, down = step[0] / fineness, step[1] / fineness
    half_x, half_y = (grid[0] - 1) / 2, (grid[1] - 1) / 2
    corner = center[0] - half_x * right + half_y * down, center[1] - half_x * down - half_y * right
    to_frame = np.array([[right, -down, corner[0]], [down, right, corner[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if fineness == 1:
        cv2.warpAffine(frame_HWC, to_frame, grid, out_HWC, flags, cv2.BORDER_REPLICATE)
    else:
        fine = cv2.warpAffine(frame_HWC, to_frame, grid, None, flags, cv2.BORDER_REPLICATE)
        cv2.resize(fine, (width_px, height_px), out_HWC, interpolation=cv2.INTER_AREA)
