"""What decode computes on arrays: the size of a chunk, the turn of a frame, a time where none was written."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from services.base.media.arrays import UInt8Array

MAX_FRAMES_PER_CHUNK = 64
# Anamorphic lenses and disc formats stay below 3.
MAX_PIXEL_ASPECT = 8
_SQUARE = Fraction(1, 100)


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


def square_size_px(width_px: int, height_px: int, pixel_aspect: Fraction, max_pixels: int) -> tuple[int, int] | None:
    """(width, height) that show a picture with square pixels; None for an aspect that no picture has.

    pixel_aspect: width to height of a coded pixel; within a hundredth of 1 it is square. The shorter side of a pixel is
    stretched, so that nothing is lost, unless the picture would then hold over max_pixels: the longer one shrinks.
    """
    if not 1 / MAX_PIXEL_ASPECT <= pixel_aspect <= MAX_PIXEL_ASPECT:
        return None
    if abs(pixel_aspect - 1) <= _SQUARE:
        return width_px, height_px
    wide, tall = max(pixel_aspect, Fraction(1)), max(1 / pixel_aspect, Fraction(1))
    if round(width_px * wide) * round(height_px * tall) > max_pixels:
        wide, tall = 1 / tall, 1 / wide
    return max(1, round(width_px * wide)), max(1, round(height_px * tall))


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
