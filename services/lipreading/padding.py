"""To how many frames a clip is padded, so that clips of near lengths have one shape and a server computes them at once.

Pure. A server that is given no ragged batches joins requests of the same shape alone.
"""

from __future__ import annotations

import numpy as np

from services.base.media.arrays import UInt8Array

_LEAST_FRAMES = 8
# Of bits: four lengths to a doubling.
_LEADING_BITS = 3


def padded_length(num_frames: int) -> int:
    """The next of 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, ... frames: padding adds less than a quarter to 8 frames and
    more, and clips of up to two minutes have 35 lengths. num_frames: 1 or more.
    """
    if num_frames <= _LEAST_FRAMES:
        return _LEAST_FRAMES
    step = 1 << (num_frames - 1).bit_length() - _LEADING_BITS
    return -(-num_frames // step) * step


def padded_frames(frames_THWC: UInt8Array) -> UInt8Array:
    """uint8 [T, ...] -> [padded_length(T), ...], zeros behind."""
    missing = padded_length(len(frames_THWC)) - len(frames_THWC)
    return np.pad(frames_THWC, [(0, missing), *[(0, 0)] * (frames_THWC.ndim - 1)])
