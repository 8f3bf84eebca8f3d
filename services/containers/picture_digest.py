"""A digest of decoded pictures: what tells that two files of other bytes show the same."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

import numpy as np

from services.base.media.arrays import UInt8Array

# Planar formats of one byte a sample: their planes are digested as they lie in memory, without the padding of rows.
_BYTE_PLANES = frozenset({"gray", "yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv410p"})


class PictureDigest:
    """sha256 over each frame's size and samples, in order."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def add(self, frame: Any) -> None:
        """frame: a PyAV frame. What PyAV cannot lay out as an array counts as its RGB."""
        self._sha256.update(f"{frame.width}x{frame.height};".encode())
        if frame.format.name in _BYTE_PLANES:
            for plane in frame.planes:
                self._sha256.update(_samples(plane))
            return
        self._sha256.update(np.ascontiguousarray(_as_array(frame)).data)

    def hex(self) -> str:
        """Of the frames so far."""
        return self._sha256.hexdigest()


def _as_array(frame: Any) -> Any:
    # An AssertionError is what PyAV has for odd widths of ten bits; it gives samples and palette apart for pal8.
    with contextlib.suppress(ValueError, NotImplementedError, AssertionError):
        samples = frame.to_ndarray()
        if isinstance(samples, np.ndarray):
            return samples
    return frame.reformat(format="rgb24", threads=1).to_ndarray()


def _samples(plane: Any) -> memoryview:
    rows_HW: UInt8Array = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return np.ascontiguousarray(rows_HW[:, : plane.width]).data
