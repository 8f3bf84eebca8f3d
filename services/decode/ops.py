"""What decode computes on arrays: the size of a chunk, the turn of a frame, a time where none was written."""

from __future__ import annotations

import numpy as np

from services.base.media import UInt8Array

MAX_FRAMES_PER_CHUNK = 64


def num_frames_per_chunk(height_px: int, width_px: int, chunk_bytes: int) -> int:
    """Frames of RGB uint8 that a chunk of chunk_bytes holds: at least 1, at most MAX_FRAMES_PER_CHUNK."""
    return max(1, min(MAX_FRAMES_PER_CHUNK, chunk_bytes // (height_px * width_px * 3)))


def right_angle_deg(clockwise_deg: float) -> int | None:
    """The multiple of 90 in [0, 360) that an angle is within one degree of, or None."""
    quarter_turns = round(clockwise_deg / 90)
    if abs(clockwise_deg - quarter_turns * 90) > 1:
        return None
    return quarter_turns % 4 * 90


def is_mirrored(matrix: bytes) -> bool:
    """Whether a display matrix (nine int32 as in memory) turns a frame upside down, before it rotates it."""
    a, b, _, c, d = np.frombuffer(matrix, np.int32, 5).astype(np.float64)
    return bool(a * d - b * c < 0)


def copy_rotated(frame_HWC: UInt8Array, rotation_deg: int, out_HWC: UInt8Array) -> None:
    """Writes a frame, turned clockwise, into out_HWC.

    frame_HWC: uint8 RGB [h, w, 3], rows may be padded.
    out_HWC: contiguous uint8 [h, w, 3], or [w, h, 3] for 90 and 270.
    """
    if rotation_deg == 0:
        np.copyto(out_HWC, frame_HWC)
        return
    # One item a pixel instead of three: numpy then turns a frame at twice the speed.
    pixels_HW = frame_HWC.view("V3")[..., 0]
    np.copyto(out_HWC.view("V3")[..., 0], np.rot90(pixels_HW, k=-(rotation_deg // 90)))
