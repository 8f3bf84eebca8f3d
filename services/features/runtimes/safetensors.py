"""Files of the safetensors format (https://github.com/huggingface/safetensors): a JSON header and raw tensors.

They hold no code. Tensors are views of the mapped file, so one of any size costs no memory before it is used.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import torch

from services.base.media.arrays import UInt8Array

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_MAX_HEADER_BYTES = 100_000_000


def load(path: Path) -> dict[str, torch.Tensor]:
    """The tensors by name. Raises ValueError for what is no such file, OSError."""
    data = np.memmap(path, np.uint8, "c")
    if len(data) < 8:
        raise ValueError("it is too short for a header")
    (num_header,) = struct.unpack("<Q", data[:8].tobytes())
    if num_header > min(_MAX_HEADER_BYTES, len(data) - 8):
        raise ValueError("its header is longer than the file")
    header = json.loads(data[8 : 8 + num_header].tobytes())
    body = data[8 + num_header :]
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    return {name: _tensor(name, facts, body) for name, facts in header.items() if name != "__metadata__"}


def _tensor(name: str, facts: object, body: UInt8Array) -> torch.Tensor:
    try:
        dtype, shape = _DTYPES[facts["dtype"]], tuple(map(int, facts["shape"]))  # type: ignore[index]
        start, end = map(int, facts["data_offsets"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is not described as a tensor: {error!r}") from error
    is_inside = 0 <= start <= end <= len(body) and end - start == math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or not is_inside:
        raise ValueError(f"{name} is {shape} {dtype} in bytes {start} to {end} of {len(body)}")
    if start == end:
        return torch.empty(shape, dtype=dtype)
    raw = body[start:end]
    # Nothing says that a tensor begins at a multiple of its items' size.
    raw = raw if raw.ctypes.data % dtype.itemsize == 0 else raw.copy()
    return torch.from_numpy(raw).view(dtype).reshape(shape)
