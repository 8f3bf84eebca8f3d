"""To what length a sequence is padded, so that those of near lengths have one shape and a server computes them at once.

Pure. A server that is given no ragged batches joins requests of the same shape alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_LEAST_FRAMES = 8
# Of bits: four lengths to a doubling.
_LEADING_BITS = 3


def padded_length(num_frames: int) -> int:
    """The next of 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, ... frames: padding adds less than a quarter to 8 frames and
    more, and up to 3,072 there are 35 lengths. num_frames: 1 or more.
    """
    if num_frames <= _LEAST_FRAMES:
        return _LEAST_FRAMES
    step = 1 << (num_frames - 1).bit_length() - _LEADING_BITS
    return -(-num_frames // step) * step


def padded_axes(array: npt.NDArray[Any], axes: Sequence[int]) -> npt.NDArray[Any]:
    """Each of the axes to its padded length, zeros behind."""
    missing = [(0, padded_length(size) - size if axis in axes else 0) for axis, size in enumerate(array.shape)]
    return np.pad(array, missing)
