"""words.parquet: when each word of a data set is said, in frames of the records beside it. Pure.

A row a word; in the order of shards, in each of them of splits by name, of positions and of words.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from services.base.errors import BadInput

WORDS_FILE = "words.parquet"


class WordRow(NamedTuple):
    """A word of a clip.

    split, shard, position: which file of records the clip is in, and its place there, from 0. number: column `index`,
    of the word in its clip, from 0. word: in lower case. start_frame, end_frame: it is said from the one to before the
    other; words past the end of a record that was cut have such times too. Words of one row of an alignment share
    their times.
    """

    key: str
    split: str
    shard: int
    position: int
    number: int
    word: str
    start_frame: int
    end_frame: int


_SCHEMA = pa.schema(
    {
        "key": pa.string(),
        "split": pa.string(),
        "shard": pa.int32(),
        "position": pa.int32(),
        "index": pa.int32(),
        "word": pa.string(),
        "start_frame": pa.int32(),
        "end_frame": pa.int32(),
    }
)
_GROUP_ROWS = 1 << 16


def encode_words(rows: Iterable[WordRow]) -> Iterator[bytes]:
    """The file, in pieces; some 65,000 rows are held. The same rows are the same bytes, by one version of pyarrow."""
    out = io.BytesIO()
    held: list[WordRow] = []
    with pq.ParquetWriter(out, _SCHEMA, compression="zstd") as writer:
        for row in rows:
            held.append(row)
            if len(held) == _GROUP_ROWS:
                writer.write_table(_table(held))
                held.clear()
                yield _taken(out)
        if held:
            writer.write_table(_table(held))
    yield _taken(out)


def _taken(out: io.BytesIO) -> bytes:
    """What was written since. The writer counts its bytes by itself, and does not look back."""
    data = out.getvalue()
    out.seek(0)
    out.truncate()
    return data


def _table(rows: list[WordRow]) -> Any:
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), _SCHEMA, strict=True)],
        schema=_SCHEMA,
    )


def read_words(data: bytes) -> Iterator[WordRow]:
    """The rows in their order; one group of them is held. Raises BadInput BAD_WORDS."""
    try:
        file = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False)
        for i in range(file.metadata.num_row_groups):
            table = file.read_row_group(i, columns=_SCHEMA.names, use_threads=False).select(_SCHEMA.names)
            columns = [column.to_pylist() for column in table.cast(_SCHEMA).columns]
            yield from map(WordRow._make, zip(*columns, strict=True))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise BadInput(
            "BAD_WORDS", f"{WORDS_FILE} cannot be read as a table of words ({error}): `visemill resume` writes it anew"
        ) from error
