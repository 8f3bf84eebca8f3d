"""How far apart two arrays are that need not be equal. Pure."""

from __future__ import annotations

import numpy as np


def deviation(kept: np.ndarray, made: np.ndarray) -> float:
    """The largest absolute difference of two arrays of one shape, as a share of the first one's standard deviation.

    Infinite where a value that is not finite stands in one alone, or where the first one's values are all the same.
    """
    if np.array_equal(kept, made, equal_nan=True):
        return 0.0
    if not (np.isfinite(kept).all() and np.isfinite(made).all()):
        return float("inf")
    spread = float(kept.std(dtype=np.float64))
    largest = float(np.abs(kept.astype(np.float64) - made).max())
    return largest / spread if spread > 0 else float("inf")
