"""Pure functions on frames: the stretch that networks of frames expect."""

from __future__ import annotations

import cv2
import numpy as np

from services.base.media import UInt8Array

# InceptionV3's input is a square of this side, and its global average pool has this many values.
INPUT_PX = 299
NUM_FEATURES = 2048


def stretched(frames_NHWC: UInt8Array, size_px: int = INPUT_PX) -> UInt8Array:
    """uint8 [N, size, size, 3]: each frame stretched to a square, bilinear, the aspect given up.

    Frames of that size are returned as they are. Raises ValueError for anything but uint8 [N, H, W, 3].
    """
    if frames_NHWC.dtype != np.uint8 or frames_NHWC.ndim != 4 or frames_NHWC.shape[3] != 3:
        raise ValueError(f"frames must be uint8 [N,H,W,3], not {frames_NHWC.dtype} {frames_NHWC.shape}")
    if frames_NHWC.shape[1:3] == (size_px, size_px):
        return frames_NHWC
    out_NHWC = np.empty((len(frames_NHWC), size_px, size_px, 3), np.uint8)
    for frame_HWC, out_HWC in zip(frames_NHWC, out_NHWC, strict=True):
        cv2.resize(frame_HWC, (size_px, size_px), dst=out_HWC, interpolation=cv2.INTER_LINEAR)
    return out_NHWC
