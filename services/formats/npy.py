"""npy files of plain arrays, in the first version of their format, which every reader knows. Pure."""

from __future__ import annotations

import io

import numpy as np

MEDIA_TYPE = "application/x-npy"


def encode_npy(array: np.ndarray) -> bytes:
    """The bytes that np.save writes, in C order. Raises ValueError for an array of objects."""
    out = io.BytesIO()
    np.lib.format.write_array(out, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return out.getvalue()
