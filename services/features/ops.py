"""Pure functions on arrays: items as networks expect them, the padding that those of sequences do."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array, UInt8Array
from services.features.backend import Items
from services.features.networks import Array, Network, is_time

Int64Array = npt.NDArray[np.int64]

# Frames a processor computes at once, however many a batch has: more are no faster there, and need memory for each.
CPU_PIECE = 8
# Windows are smaller than frames.
_CPU_PIECE_WINDOWS = 64
# InceptionV3's input is a square of this side, and its global average pool has this many values.
INPUT_PX = 299
NUM_FEATURES = 2048


def stretched(frames_NHWC: Items, size_px: int = INPUT_PX) -> UInt8Array:
    """uint8 [N, size, size, 3]: each frame stretched to a square, bilinear, the aspect given up.

    Frames of that size are returned as they are. Raises ValueError for anything but uint8 [N, H, W, 3].
    """
    if frames_NHWC.dtype != np.uint8 or frames_NHWC.ndim != 4 or frames_NHWC.shape[3] != 3:
        raise ValueError(f"frames must be uint8 [N,H,W,3], not {frames_NHWC.dtype} {frames_NHWC.shape}")
    if frames_NHWC.shape[1:3] == (size_px, size_px):
        return cast(UInt8Array, frames_NHWC)
    out_NHWC = np.empty((len(frames_NHWC), size_px, size_px, 3), np.uint8)
    for frame_HWC, out_HWC in zip(frames_NHWC, out_NHWC, strict=True):
        cv2.resize(frame_HWC, (size_px, size_px), dst=out_HWC, interpolation=cv2.INTER_LINEAR)
    return out_NHWC


def as_taken(network: Network, items_NX: Items) -> Items:
    """Items as a network takes them: frames stretched to its side, windows as they are.

    Raises ValueError for other items than it takes.
    """
    if network.takes == "frames":
        return stretched(items_NX, network.side_px)
    (taken,) = network.inputs
    return as_array(taken, items_NX)


def as_array(taken: Array, items_NX: Items) -> Items:
    """The items themselves. Raises ValueError for others than an input takes."""
    sizes = [size if is_time(wanted) else wanted for size, wanted in zip(items_NX.shape, taken.shape, strict=False)]
    if (
        items_NX.dtype != np.dtype(taken.dtype)
        or list(items_NX.shape[1:]) != sizes[1:]
        or len(sizes) < len(taken.shape)
    ):
        raise ValueError(f"windows must be {taken}, not {items_NX.dtype} {items_NX.shape}")
    return items_NX


def zeros(taken: Array) -> Items:
    """One item of zeros for an input of one shape."""
    sizes = [int(size) for size in taken.shape[1:]]
    return np.zeros((1, *sizes), np.uint8) if taken.dtype == "uint8" else np.zeros((1, *sizes), np.float32)


def cpu_piece(network: Network) -> int:
    """Items that a processor computes at once, however many a batch has."""
    return CPU_PIECE if network.takes == "frames" else _CPU_PIECE_WINDOWS


def by_pieces(call: Callable[[Items], Float32Array], items_NX: Items, size: int) -> Float32Array:
    """Answers of consecutive pieces of at most `size` items, joined."""
    pieces = [call(items_NX[start : start + size]) for start in range(0, len(items_NX), size)]
    return np.concatenate(pieces)


def padded(sequences: list[Float32Array]) -> tuple[Float32Array, Int64Array]:
    """Sequences [T_i, C] as float32 [N, T, C], zeros at the end, and int64 [N] lengths. Raises ValueError if empty."""
    if not sequences or not all(s.ndim == 2 and len(s) for s in sequences):
        raise ValueError("sequences must be float32 [T, C] each, at least one, none empty")
    if len({s.shape[1] for s in sequences}) > 1:
        raise ValueError(f"sequences must agree in their channels, not {sorted({s.shape[1] for s in sequences})}")
    lengths_N = np.array([len(s) for s in sequences], np.int64)
    padded_NTC = np.zeros((len(sequences), int(lengths_N.max()), sequences[0].shape[1]), np.float32)
    for row_TC, sequence_TC in zip(padded_NTC, sequences, strict=True):
        row_TC[: len(sequence_TC)] = sequence_TC
    return padded_NTC, lengths_N


def cut(vectors_NTD: Float32Array, lengths_N: Int64Array) -> list[Float32Array]:
    """The inverse of padding: float32 [T_i, D] each."""
    return [row_TD[:length] for row_TD, length in zip(vectors_NTD, lengths_N, strict=True)]
