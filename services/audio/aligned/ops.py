"""Where pictures lie in a sound, and its samples as whole numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float32Array, Int16Array

_FULL_SCALE = 32_768


@dataclass(frozen=True)
class Alignment:
    """How a sound becomes one that lasts as long as its pictures. All in samples.

    num_cut_start, num_cut_end: left out of the sound. num_padded_start, num_padded_end: of silence before and behind
    what is left of it. num_kept: of the sound itself.
    """

    num_cut_start: int
    num_padded_start: int
    num_kept: int
    num_cut_end: int
    num_padded_end: int


def alignment(num_late: int, num_samples: int, num_wanted: int) -> Alignment:
    """num_late: how much later than the pictures the sound begins, below 0 where it begins before them. num_samples: of
    the sound. num_wanted: as long as the pictures are.
    """
    num_padded_start = min(max(0, num_late), num_wanted)
    num_cut_start = min(max(0, -num_late), num_samples)
    num_left = num_samples - num_cut_start
    num_kept = min(num_left, num_wanted - num_padded_start)
    return Alignment(
        num_cut_start, num_padded_start, num_kept, num_left - num_kept, num_wanted - num_padded_start - num_kept
    )


def to_int16(samples_T: Float32Array) -> Int16Array:
    """int16 of float32 samples in -1..1: rounded, and clipped beyond full scale. One of 16 bits is what it was."""
    return np.clip(np.rint(samples_T * np.float32(_FULL_SCALE)), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def to_float32(samples_T: Int16Array) -> Float32Array:
    """float32 in -1..1 of int16 samples."""
    return samples_T.astype(np.float32) / np.float32(_FULL_SCALE)
