"""clips.parquet of `visemill run lips`: which record holds which clip, and what is said in it. Pure.

A row a clip; in the order of shards, in each of them of splits by name and of positions.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from services.base.errors import BadInput

CLIPS_FILE = "clips.parquet"
META_FILE = "meta.json"
"""Beside it: what the records are, which comes last."""


class LipsClipRow(NamedTuple):
    """A clip. split, shard, position: which file of records it is in, and its place there, from 0. num_frames: at the
    rate of the records. video: that it was made of, below the data set's root.
    """

    key: str
    split: str
    shard: int
    position: int
    speaker: str
    topic: str
    text: str
    num_frames: int
    video: str


_SCHEMA = pa.schema(
    {
        "key": pa.string(),
        "split": pa.string(),
        "shard": pa.int32(),
        "position": pa.int32(),
        "speaker": pa.string(),
        "topic": pa.string(),
        "text": pa.string(),
        "num_frames": pa.int32(),
        "video": pa.string(),
    }
)


def encode_clips(rows: Iterable[LipsClipRow]) -> bytes:
    """The file. The same rows are the same bytes, by one version of pyarrow."""
    columns: Any = list(zip(*rows, strict=True)) or [()] * len(_SCHEMA)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)]
    out = io.BytesIO()
    with pq.ParquetWriter(out, _SCHEMA, compression="zstd") as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA))
    return out.getvalue()


def read_clips(data: bytes) -> Iterator[LipsClipRow]:
    """The rows in their order. Raises BadInput BAD_CLIPS."""
    try:
        table = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False).read(columns=_SCHEMA.names, use_threads=False)
        columns = [column.to_pylist() for column in table.select(_SCHEMA.names).cast(_SCHEMA).columns]
        yield from map(LipsClipRow._make, zip(*columns, strict=True))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise BadInput(
            "BAD_CLIPS", f"{CLIPS_FILE} cannot be read as a table of clips ({error}): `visemill resume` writes it anew"
        ) from error
