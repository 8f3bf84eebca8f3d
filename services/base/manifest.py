"""The frozen list of a run's clips as bytes: Parquet, in row groups of one shard, so that a worker reads its own only.

Pure: equal rows give equal bytes (under one version of pyarrow). The list is written by the planner, read by workers.
"""

from __future__ import annotations

import io
import itertools
import operator
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from services.base.media import Clip
from services.base.shards import check_num_shards

FORMAT_VERSION = 1


class Extra(NamedTuple):
    """One more input of a clip. role: say `align`; path: below the input root; size, version: as when it was listed."""

    role: str
    path: str
    size_bytes: int
    version: str


class ClipRow(NamedTuple):
    """One clip as it was planned.

    shard, position: where it is processed and written. idx: its place in the data set's own order, before anything
    was left out. size_bytes, version: of the media when it was listed; version is what the store tells apart two
    contents by (an ETag, or a modification time), empty when it cannot.
    """

    key: str
    utterance_id: str
    speaker_id: str
    media: str
    split: str
    shard: int
    position: int
    idx: int
    size_bytes: int
    version: str
    extras: tuple[Extra, ...] = ()

    def clip(self) -> Clip:
        return Clip(
            self.key,
            self.utterance_id,
            self.speaker_id,
            self.media,
            self.split,
            {extra.role: extra.path for extra in self.extras},
        )


_EXTRA = pa.struct([("role", pa.string()), ("path", pa.string()), ("size_bytes", pa.int64()), ("version", pa.string())])
_COLUMNS: dict[str, Any] = {
    "key": pa.string(),
    "utterance_id": pa.string(),
    "speaker_id": pa.string(),
    "media": pa.string(),
    "split": pa.string(),
    "shard": pa.int32(),
    "position": pa.int32(),
    "idx": pa.int64(),
    "size_bytes": pa.int64(),
    "version": pa.string(),
    "extras": pa.list_(_EXTRA),
}
_COMPRESSED = "zstd"
_MAX_GROUP_ROWS = 16_384


def encode_clips(rows: Iterable[ClipRow], num_shards: int) -> bytes:
    """Parquet bytes of rows sorted by (shard, position); at most _MAX_GROUP_ROWS rows are held at a time.

    Raises ValueError when rows are out of order, two of a shard share a key, or a shard is not below num_shards.
    """
    check_num_shards(num_shards)
    schema = pa.schema(
        list(_COLUMNS.items()),
        metadata={"visemill.format": str(FORMAT_VERSION), "visemill.num_shards": str(num_shards)},
    )
    out = io.BytesIO()
    # Statistics of the shard column alone: they are how a reader finds its row group, the rest would swell the footer.
    with pq.ParquetWriter(out, schema, compression=_COMPRESSED, write_statistics=["shard"]) as writer:
        last_shard = -1
        for shard, of_shard in itertools.groupby(rows, key=operator.attrgetter("shard")):
            if not last_shard < shard < num_shards:
                raise ValueError(f"rows must go by shard, each below {num_shards}: shard {shard} after {last_shard}")
            last_shard = shard
            checked = _checked(of_shard)
            while batch := list(itertools.islice(checked, _MAX_GROUP_ROWS)):
                writer.write_table(_table(batch, schema), row_group_size=len(batch))
    return out.getvalue()


def _checked(rows: Iterable[ClipRow]) -> Iterator[ClipRow]:
    """The rows of one shard as they are. Raises ValueError when positions do not rise or two keys are equal."""
    last_position = -1
    keys: set[str] = set()
    for row in rows:
        if row.position <= last_position:
            raise ValueError(f"positions in shard {row.shard} must rise: {row.key!r} at {row.position}")
        if row.key in keys:
            raise ValueError(f"two clips of shard {row.shard} have the key {row.key!r}; keys must differ")
        last_position = row.position
        keys.add(row.key)
        yield row


def _table(rows: list[ClipRow], schema: Any) -> Any:
    columns = dict(zip(ClipRow._fields, zip(*rows, strict=True), strict=True))
    extras = columns.pop("extras")
    arrays = [pa.array(values, _COLUMNS[name]) for name, values in columns.items()]
    offsets = [0, *itertools.accumulate(len(entry) for entry in extras)]
    flat = list(itertools.chain.from_iterable(extras))
    fields = list(zip(*flat, strict=True)) if flat else [()] * _EXTRA.num_fields
    children = [pa.array(values, _EXTRA[i].type) for i, values in enumerate(fields)]
    struct = pa.StructArray.from_arrays(children, fields=[_EXTRA[i] for i in range(_EXTRA.num_fields)])
    arrays.append(pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct))
    return pa.Table.from_arrays(arrays, schema=schema)


class Manifest:
    """The list, opened: the footer is read at once, rows when they are asked for.

    source: the bytes, or a seekable binary file (of which only the parts in need are read).
    Raises ValueError when it is not such a list, or of another format version.
    """

    def __init__(self, source: bytes | BinaryIO) -> None:
        try:
            self._file = pq.ParquetFile(pa.BufferReader(source) if isinstance(source, bytes) else source)
        except pa.ArrowInvalid as error:
            raise ValueError(f"not a list of clips ({error}): plan the run again") from error
        facts: dict[bytes, bytes] = self._file.schema_arrow.metadata or {}
        version = facts.get(b"visemill.format", b"none").decode()
        if version != str(FORMAT_VERSION):
            raise ValueError(
                f"a list of clips of format {version}, but format {FORMAT_VERSION} is read here: plan again"
            )
        self.num_shards = int(facts[b"visemill.num_shards"])
        self.num_clips: int = self._file.metadata.num_rows
        self._groups_of = self._groups_by_shard()

    def _groups_by_shard(self) -> dict[int, list[int]]:
        column = list(_COLUMNS).index("shard")
        groups: dict[int, list[int]] = {}
        for i in range(self._file.metadata.num_row_groups):
            shard = int(self._file.metadata.row_group(i).column(column).statistics.min)
            groups.setdefault(shard, []).append(i)
        return groups

    def num_clips_of(self, shard: int) -> int:
        """Clips of a shard, from the footer alone."""
        return sum(int(self._file.metadata.row_group(i).num_rows) for i in self._groups_of.get(shard, ()))

    def rows(self, shard: int) -> list[ClipRow]:
        """Rows of one shard by position; empty when it has no clips. Raises ValueError for a shard there cannot be."""
        if not 0 <= shard < self.num_shards:
            raise ValueError(f"shard {shard} is not one of 0..{self.num_shards - 1}")
        return list(self._read(self._groups_of.get(shard, ())))

    def __iter__(self) -> Iterator[ClipRow]:
        """All rows, by shard and position; at most _MAX_GROUP_ROWS are held at a time."""
        return self._read(range(self._file.metadata.num_row_groups))

    def _read(self, groups: Iterable[int]) -> Iterator[ClipRow]:
        for i in groups:
            yield from _rows(self._file.read_row_group(i, use_threads=False))


def _rows(table: Any) -> list[ClipRow]:
    columns = [table.column(name).to_pylist() for name in ClipRow._fields[:-1]]
    extras = (tuple(Extra(**entry) for entry in entries) for entries in table.column("extras").to_pylist())
    return [ClipRow(*values) for values in zip(*columns, extras, strict=True)]
