"""npy files of plain arrays, in the first version of their format, which every reader knows. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np

from services.base.errors import BadInput

MEDIA_TYPE = "application/x-npy"


def encode_npy(array: np.ndarray) -> bytes:
    """The bytes that np.save writes, in C order. Raises ValueError for an array of objects."""
    return b"".join(npy_pieces(array))


def npy_pieces(array: np.ndarray) -> Iterator[bytes | memoryview]:
    """The same as header and numbers, these without a copy where they lie in C order."""
    if array.dtype.hasobject:
        raise ValueError("Object arrays cannot be saved: give one of plain numbers")
    plain = np.ascontiguousarray(array)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, np.lib.format.header_data_from_array_1_0(plain))
    yield header.getvalue()
    # A memoryview of no bytes cannot be cast.
    yield plain.reshape(-1).view(np.uint8).data if plain.size else b""


def decode_npy(data: bytes) -> np.ndarray:
    """Raises BadInput BAD_NPY when the bytes are torn, followed by others, or hold objects."""
    arrays = decode_npys(data)
    if len(arrays) != 1:
        raise BadInput("BAD_NPY", f"these bytes hold {len(arrays)} arrays and not one: make the clip again")
    return arrays[0]


def decode_npys(data: bytes) -> list[np.ndarray]:
    """The arrays of files one after another. Raises BadInput BAD_NPY as `decode_npy`."""
    source = io.BytesIO(data)
    arrays: list[np.ndarray] = []
    try:
        while source.tell() < len(data):
            arrays.append(np.lib.format.read_array(source, allow_pickle=False))
    except (OSError, EOFError, ValueError, KeyError, TypeError, SyntaxError, MemoryError) as error:
        raise BadInput("BAD_NPY", f"these bytes are no npy of a plain array ({error}): make the clip again") from error
    return arrays
