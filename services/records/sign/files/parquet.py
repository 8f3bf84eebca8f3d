"""The keypoints of one clip as a table: a row a frame. Pure."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array
from services.records.sign.ops import BoolArray, Int64Array
from services.records.sign.points import NUM_COORDINATES

COLUMNS = (*(str(i) for i in range(NUM_COORDINATES)), "t_ms", "mask_bits")


def encode_table(x_TD: Float32Array, mask_TN: BoolArray, times_ms_T: Int64Array) -> bytes:
    """Columns "0".."155" (float32), t_ms (int64), mask_bits (text of 78 characters, 1: visible)."""
    columns: list[Any] = [pa.array(np.ascontiguousarray(x_TD[:, i]), pa.float32()) for i in range(NUM_COORDINATES)]
    columns += [pa.array(times_ms_T, pa.int64()), pa.array(mask_bits(mask_TN), pa.string())]
    out = io.BytesIO()
    # Statistics and dictionaries of 156 short columns would outweigh their values.
    pq.write_table(pa.table(columns, names=list(COLUMNS)), out, use_dictionary=False, write_statistics=False)
    return out.getvalue()


def is_table(data: bytes) -> bool:
    """Whether these bytes begin as a parquet file does."""
    return data.startswith(b"PAR1")


def mask_bits(mask_TN: BoolArray) -> list[str]:
    """A text of 0 and 1 for each frame."""
    return [bytes(row).decode() for row in mask_TN.astype(np.uint8) + ord("0")]


def decode_table(data: bytes) -> Any:
    """The pyarrow table. Raises BadInput BAD_PARQUET."""
    try:
        # In this thread: read_table starts a pool of threads, which now and then aborts the process at its end.
        return pq.ParquetFile(pa.BufferReader(data), pre_buffer=False).read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput("BAD_PARQUET", f"these bytes are no parquet table ({error}): make the clip again") from error
