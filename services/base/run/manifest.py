"""The frozen list of a run's clips as bytes: Parquet, in row groups of one shard or few: a worker reads little else.

Pure: equal rows give equal bytes (under one version of pyarrow). The list is written by the planner, read by workers.
"""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.base.errors import BadConfig
from services.base.media.clip import NO_ATTRIBUTES, Clip, ClipAttributes
from services.base.run.sharding import check_num_shards

FORMAT_VERSION = 1


class Extra(NamedTuple):
    """One more input of a clip. role: say `align`; path: as that of the media; size, version: as when it was listed."""

    role: str
    path: str
    size_bytes: int
    version: str


class ClipRow(NamedTuple):
    """One clip as it was planned.

    media: below the input roots, or an absolute path or URI that lies below one of them.
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
    attributes: ClipAttributes = NO_ATTRIBUTES

    def clip(self) -> Clip:
        return Clip(
            self.key,
            self.utterance_id,
            self.speaker_id,
            self.media,
            self.split,
            {extra.role: extra.path for extra in self.extras},
            self.attributes,
        )


_EXTRA = pa.struct([("role", pa.string()), ("path", pa.string()), ("size_bytes", pa.int64()), ("version", pa.string())])
# Of these a list has only the columns that say something of a clip.
_ATTRIBUTES = {
    "text": pa.string(),
    "language": pa.string(),
    "duration_s": pa.float64(),
    "gloss": pa.int64(),
    "category": pa.int64(),
    "media_named": pa.string(),
}
_SCHEMA = pa.schema(
    {
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
)
_MAX_GROUP_ROWS = 16_384
# An open list holds about 10 KB a row group: of more shards than these, several are put together.
_MOST_GROUPS = 4096
_NUM_ROWS_AT_ONCE = 4096


class FileArrays(NamedTuple):
    """One file a clip, as Arrow arrays of equal length: two of strings around one of integers."""

    paths: Any
    sizes_bytes: Any
    versions: Any


class ClipTable(Sequence[ClipRow]):
    """Rows in columns, sorted by shard and position: a million fit in some 150 MB. A row is made when it is asked for.

    Raises ValueError when shards or positions do not rise.
    """

    def __init__(self, table: Any) -> None:
        self._table = _without_silent_attributes(table.combine_chunks())
        shard_N, position_N = table.column("shard").to_numpy(), table.column("position").to_numpy()
        same_shard = shard_N[1:] == shard_N[:-1]
        rises = (shard_N[1:] > shard_N[:-1]) | (same_shard & (position_N[1:] > position_N[:-1]))
        if not rises.all():
            i = int(np.flatnonzero(~rises)[0]) + 1
            raise ValueError(f"rows must go by shard and position: {self[i].key!r} is after {self[i - 1].key!r}")

    @classmethod
    def of_rows(cls, rows: Iterable[ClipRow]) -> ClipTable:
        """Raises ValueError."""
        pieces = []
        remaining = iter(rows)
        while piece := list(itertools.islice(remaining, _NUM_ROWS_AT_ONCE)):
            pieces.append(_table_of_rows(piece))
        return cls(pa.concat_tables(pieces) if pieces else _SCHEMA.empty_table())

    @classmethod
    def of_columns(cls, columns: Mapping[str, Any], extras: Mapping[str, FileArrays], order: Any) -> ClipTable:
        """columns: an Arrow array for each field of ClipRow but extras and attributes, and for those of ClipAttributes
        that there are. order: indices of the rows as they shall stand.

        Raises ValueError.
        """
        order = pa.array(order)
        arrays = [columns[name].cast(_SCHEMA.field(name).type).take(order) for name in _SCHEMA.names[:-1]]
        files = {role: FileArrays(*(array.take(order) for array in found)) for role, found in extras.items()}
        arrays.append(_interleaved(files, len(order)))
        table = pa.Table.from_arrays(arrays, schema=_SCHEMA)
        for name, kind in _ATTRIBUTES.items():
            if name in columns:
                table = table.append_column(name, columns[name].cast(kind).take(order))
        return cls(table)

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @overload
    def __getitem__(self, i: int) -> ClipRow: ...
    @overload
    def __getitem__(self, i: slice) -> list[ClipRow]: ...
    def __getitem__(self, i: int | slice) -> ClipRow | list[ClipRow]:
        if isinstance(i, slice):
            return _rows(self._table.take(pa.array(range(*i.indices(len(self))), pa.int64())))
        if not -len(self) <= i < len(self):
            raise IndexError(f"row {i} of {len(self)}")
        return _rows(self._table.slice(i % len(self), 1))[0]

    def __iter__(self) -> Iterator[ClipRow]:
        for start in range(0, len(self), _NUM_ROWS_AT_ONCE):
            yield from _rows(self._table.slice(start, _NUM_ROWS_AT_ONCE))

    def count_by(self, name: str) -> dict[str, int]:
        """How many rows have each value of a column of text, sorted by value."""
        counts = pc.value_counts(self._table.column(name)).to_pylist()
        return {entry["values"]: entry["counts"] for entry in sorted(counts, key=operator.itemgetter("values"))}

    def column(self, name: str) -> Any:
        """The column of a field that is no list, as an Arrow array."""
        return self._table.column(name).combine_chunks()

    def media_bytes(self) -> int:
        """Sizes of all media together."""
        return int(pc.sum(self._table.column("size_bytes"), min_count=0).as_py())

    def with_paths(self, path: Callable[[str], str]) -> ClipTable:
        """The same rows, each path of media and extras as the function gives it."""
        table = self._table
        media = pa.array([path(name) for name in table.column("media").to_pylist()], pa.string())
        table = table.set_column(_SCHEMA.get_field_index("media"), _SCHEMA.field("media"), media)
        found = table.column("extras").combine_chunks()
        if isinstance(found, pa.ChunkedArray):
            found = pa.concat_arrays(found.chunks) if found.num_chunks else pa.array([], _SCHEMA.field("extras").type)
        children = [found.flatten().field(i) for i in range(_EXTRA.num_fields)]
        children[1] = pa.array([path(name) for name in children[1].to_pylist()], pa.string())
        offsets = np.concatenate(([0], np.cumsum(pc.list_value_length(found).to_numpy(zero_copy_only=False))))
        extras = _list_of_files(offsets, children)
        return ClipTable(table.set_column(_SCHEMA.get_field_index("extras"), _SCHEMA.field("extras"), extras))

    def encode(self, num_shards: int) -> bytes:
        """Parquet bytes. Raises ValueError when a shard is not below num_shards, or two clips in one share a key."""
        check_num_shards(num_shards)
        shard_N = self._table.column("shard").to_numpy()
        if len(self) and not 0 <= shard_N[0] <= shard_N[-1] < num_shards:
            raise ValueError(f"shards must be from 0 to {num_shards - 1}, not {shard_N[0]} to {shard_N[-1]}")
        facts = {"visemill.format": str(FORMAT_VERSION), "visemill.num_shards": str(num_shards)}
        starts_S = np.searchsorted(shard_N, np.arange(num_shards + 1))
        out = io.BytesIO()
        # Statistics of the shard column alone are how a reader finds its row groups; the rest would swell the footer.
        with pq.ParquetWriter(
            out, self._table.schema.with_metadata(facts), compression="zstd", write_statistics=["shard"]
        ) as writer:
            for start, end in itertools.pairwise(starts_S.tolist()):
                if start < end:
                    _refuse_equal_keys(self._table.column("key").slice(start, end - start))
            num_together = -(-num_shards // _MOST_GROUPS)
            for start, end in itertools.pairwise([*starts_S[:-1:num_together].tolist(), len(self)]):
                if start < end:
                    writer.write_table(self._table.slice(start, end - start), row_group_size=_MAX_GROUP_ROWS)
        return out.getvalue()


def _refuse_equal_keys(keys: Any) -> None:
    num_keys = pc.count_distinct(keys).as_py()
    if num_keys != len(keys):
        raise ValueError(f"{len(keys)} clips of one shard have only {num_keys} different keys; keys must differ")


def encode_clips(rows: Iterable[ClipRow], num_shards: int) -> bytes:
    """Parquet bytes of rows sorted by (shard, position).

    Raises ValueError when rows are out of order, two share a key, or a shard is not below num_shards.
    """
    return (rows if isinstance(rows, ClipTable) else ClipTable.of_rows(rows)).encode(num_shards)


def _table_of_rows(rows: list[ClipRow]) -> Any:
    columns = list(zip(*rows, strict=True))
    attributes = columns.pop()
    extras = columns.pop()
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=False)]
    offsets = [0, *itertools.accumulate(len(entry) for entry in extras)]
    fields = list(zip(*itertools.chain.from_iterable(extras), strict=True)) or [()] * _EXTRA.num_fields
    arrays.append(_list_of_files(offsets, [pa.array(fields[i], _EXTRA[i].type) for i in range(_EXTRA.num_fields)]))
    table = pa.Table.from_arrays(arrays, schema=_SCHEMA)
    for name, kind in _ATTRIBUTES.items():
        table = table.append_column(name, pa.array([getattr(one, name) for one in attributes], kind))
    return table


def _without_silent_attributes(table: Any) -> Any:
    """Without the attributes that no clip has: equal rows are one list, whoever has made it."""
    silent = [name for name in _ATTRIBUTES if name in table.column_names and _is_silent(table.column(name))]
    return table.drop_columns(silent) if silent else table


def _is_silent(column: Any) -> bool:
    if pa.types.is_string(column.type):
        return not pc.max(pc.binary_length(column)).as_py()
    return bool(column.null_count == len(column))


def _interleaved(files: Mapping[str, FileArrays], num_rows: int) -> Any:
    """The extras column: each row has one file of each role, in the roles' order."""
    num_roles = len(files)
    place = pa.array(np.arange(num_roles * num_rows).reshape(num_roles, num_rows).T.ravel())
    columns = [[pa.array([role]).take(pa.array(np.zeros(num_rows, np.int8))) for role in files]]
    columns += [list(column) for column in zip(*files.values(), strict=True)] or [[], [], []]
    children = [
        pa.concat_arrays([array.cast(_EXTRA[i].type) for array in column]).take(place)
        if column
        else pa.array([], _EXTRA[i].type)
        for i, column in enumerate(columns)
    ]
    return _list_of_files(np.arange(num_rows + 1) * num_roles, children)


def _list_of_files(offsets: Any, children: list[Any]) -> Any:
    struct = pa.StructArray.from_arrays(children, fields=[_EXTRA[i] for i in range(_EXTRA.num_fields)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), struct)


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
        column = _SCHEMA.get_field_index("shard")
        groups: dict[int, list[int]] = {}
        for i in range(self._file.metadata.num_row_groups):
            shards = self._file.metadata.row_group(i).column(column).statistics
            for shard in range(int(shards.min), int(shards.max) + 1):
                groups.setdefault(shard, []).append(i)
        return groups

    def num_clips_of(self, shard: int) -> int:
        """Clips of a shard. The column that tells is read once, and no other."""
        return int(self._num_clips_S[shard]) if 0 <= shard < self.num_shards else 0

    @functools.cached_property
    def _num_clips_S(self) -> Any:
        """int64 [num_shards]."""
        shards = self._file.read(["shard"], use_threads=False).column("shard").to_numpy()
        return np.bincount(shards, minlength=self.num_shards)

    def media_bytes(self) -> int:
        """Sizes of all media together. The column that tells is read, and no other."""
        sizes = self._file.read(["size_bytes"], use_threads=False).column("size_bytes")
        return int(pc.sum(sizes, min_count=0).as_py())

    def files(self) -> Iterator[tuple[str, str, int, str]]:
        """Key of the clip, path, size in bytes and version of each media file and of what comes with it, by shard and
        position. A sixth of the time that the rows take, of which no object is made.
        """
        for groups in self._groups_together():
            names = ["key", "media", "size_bytes", "version", "extras"]
            table = self._file.read_row_groups(groups, columns=names, use_threads=False)
            media = zip(*(table.column(name).to_pylist() for name in names[:-1]), strict=True)
            if not pc.sum(pc.list_value_length(table.column("extras"))).as_py():
                yield from media
                continue
            for file, extras in zip(media, table.column("extras").to_pylist(), strict=True):
                yield file
                yield from ((file[0], extra["path"], extra["size_bytes"], extra["version"]) for extra in extras)

    def _groups_together(self) -> Iterator[list[int]]:
        """Row groups, as many at a time as one may hold rows: each reading costs a millisecond."""
        held: list[int] = []
        num_rows = 0
        for i in range(self._file.metadata.num_row_groups):
            held.append(i)
            num_rows += self._file.metadata.row_group(i).num_rows
            if num_rows >= _MAX_GROUP_ROWS:
                yield held
                held, num_rows = [], 0
        if held:
            yield held

    def rows(self, shard: int) -> list[ClipRow]:
        """Rows of one shard by position; empty when it has no clips. Raises ValueError for a shard there cannot be."""
        if not 0 <= shard < self.num_shards:
            raise ValueError(f"shard {shard} is not one of 0..{self.num_shards - 1}")
        return [row for row in self._read(self._groups_of.get(shard, ())) if row.shard == shard]

    def __iter__(self) -> Iterator[ClipRow]:
        """All rows, by shard and position; one row group is held at a time."""
        return self._read(range(self._file.metadata.num_row_groups))

    def _read(self, groups: Iterable[int]) -> Iterator[ClipRow]:
        for i in groups:
            yield from _rows(self._file.read_row_group(i, use_threads=False))


def _rows(table: Any) -> list[ClipRow]:
    columns = [table.column(name).to_pylist() for name in _SCHEMA.names[:-1]]
    extras = (tuple(Extra(**entry) for entry in entries) for entries in table.column("extras").to_pylist())
    return [ClipRow(*values) for values in zip(*columns, extras, _attributes(table), strict=True)]


def _attributes(table: Any) -> Iterable[ClipAttributes]:
    names = [name for name in _ATTRIBUTES if name in table.column_names]
    if not names:
        return itertools.repeat(NO_ATTRIBUTES, table.num_rows)
    columns = [table.column(name).to_pylist() for name in names]
    return (ClipAttributes(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True))


def open_clips(data: bytes, sha256: str) -> Manifest:
    """The frozen list of a run. sha256: hex digest that the run was pinned with. Raises BadConfig BAD_CLIPS_FILE."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BadConfig(
            "BAD_CLIPS_FILE",
            "clips.parquet is not the list that the run was pinned with: restore it, or begin a new run in a new "
            "output root",
        )
    return Manifest(data)
