"""A shard's clips as one Arrow IPC file that readers can map into memory: a row a clip, in batches of bounded size."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from services.base.errors import BadInput
from services.base.stage.writer import BinarySink
from services.base.store.interface import NotThere, ReadableStore
from services.records.tts.names import FOLDERS

# A batch is what a writer holds: it ends with either, so that where batches end follows from the rows alone.
ROWS_A_BATCH = 64
BYTES_A_BATCH = 16 << 20

ID = "id"
COLUMNS = (ID, *FOLDERS)
_LISTS = ("text_ids", "codes")
_OPTIONS = pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V5, use_threads=False)


class Row(NamedTuple):
    """A clip: its id, and its arrays by feature."""

    id: str
    arrays: Mapping[str, np.ndarray]


def schema_of(num_latents: int, dim: int) -> Any:
    """id: text. text_ids, codes: lists of int32. condition: [num_latents, dim], emo_vec: [dim], of float32."""
    vector = pa.list_(pa.field("item", pa.float32(), nullable=False), dim)
    ids = pa.list_(pa.field("item", pa.int32(), nullable=False))
    types = (pa.string(), ids, ids, pa.list_(pa.field("item", vector, nullable=False), num_latents), vector)
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in zip(COLUMNS, types, strict=True)])


class ArrowWriter:
    """Writes rows to a sink that it asks for when the first one comes: without a row there is no file.

    Same rows, same bytes, by one version of pyarrow.
    """

    def __init__(self, create: Callable[[], BinarySink]) -> None:
        self._create = create
        self._sink: BinarySink | None = None
        self._file: Any = None
        self._schema: Any = None
        self._rows: list[Row] = []
        self._num_bytes = 0
        self.num_rows = 0

    def add(self, row: Row) -> None:
        """Raises ValueError for arrays of other shapes than those of the first row, before anything is written."""
        condition_KD, emo_vec_D = row.arrays["condition"], row.arrays["emo_vec"]
        schema = schema_of(*condition_KD.shape) if condition_KD.ndim == 2 else None
        if schema is None or emo_vec_D.shape != condition_KD.shape[1:] or schema != (self._schema or schema):
            shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in row.arrays.items())
            raise ValueError(f"{row.id}: a file's rows have vectors of one size, not {shapes}")
        self._schema = schema
        self._rows.append(row)
        self._num_bytes += sum(array.nbytes for array in row.arrays.values())
        self.num_rows += 1
        if len(self._rows) >= ROWS_A_BATCH or self._num_bytes >= BYTES_A_BATCH:
            self._flush()

    def close(self) -> None:
        """Writes what is held, and the end of the file."""
        if self._rows:
            self._flush()
        if self._file is not None and self._sink is not None:
            self._file.close()
            self._file = None
            self._sink.close()

    def abort(self) -> None:
        """Leaves nothing of the file; harmless twice, or where there is none."""
        self._rows, self._file = [], None
        if self._sink is not None:
            self._sink.abort()
            self._sink = None

    def _flush(self) -> None:
        if self._file is None:
            self._sink = self._create()
            self._file = pa.ipc.new_file(pa.PythonFile(_Sink(self._sink), mode="w"), self._schema, options=_OPTIONS)
        rows, self._rows, self._num_bytes = self._rows, [], 0
        self._file.write_batch(_batch(rows, self._schema))


class _Sink(io.RawIOBase):
    """A BinarySink as pyarrow writes to it; who owns the sink closes it."""

    def __init__(self, sink: BinarySink) -> None:
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._sink.write(view)
        return len(view)


def _batch(rows: list[Row], schema: Any) -> Any:
    columns = [pa.array([row.id for row in rows], pa.string())]
    for name in FOLDERS:
        kind = schema.field(name).type
        arrays = [row.arrays[name] for row in rows]
        if name in _LISTS:
            ends = np.cumsum([0, *map(len, arrays)]).astype(np.int32)
            columns.append(pa.ListArray.from_arrays(ends, pa.array(np.concatenate(arrays), pa.int32()), type=kind))
            continue
        values = pa.array(np.concatenate([array.ravel() for array in arrays]), pa.float32())
        columns.append(_fixed(values, kind))
    return pa.record_batch(columns, schema=schema)


def _fixed(values: Any, kind: Any) -> Any:
    """Flat values as lists of a fixed size, however deep."""
    inner = kind.value_type
    return pa.FixedSizeListArray.from_arrays(
        _fixed(values, inner) if pa.types.is_fixed_size_list(inner) else values, type=kind
    )


class StoredFile(io.RawIOBase):
    """A file in a store, as readers seek in it: each read is one of the store's."""

    def __init__(self, read: Callable[[int, int], bytes], size_bytes: int) -> None:
        """read: (offset, number of bytes) -> the bytes there."""
        self._read, self._size_bytes, self._at = read, size_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        left = max(0, self._size_bytes - self._at)
        size = left if size < 0 else min(size, left)
        data = self._read(self._at, size) if size else b""
        self._at += len(data)
        return data


def stored_rows(store: ReadableStore, name: str) -> Iterator[Row]:
    """The rows of a file of a store, mapped into memory where that is a disk. Raises NotThere, and as `read_rows`."""
    entry = store.stat(name)
    if entry is None:
        raise NotThere(name, store.uri)
    local = store.local_path(name)
    source = local or StoredFile(lambda at, size: store.read(name, at, size), entry.size_bytes)
    return read_rows(source, name)


def read_rows(source: Any, name: str = "this") -> Iterator[Row]:
    """The rows in order, a batch in memory at a time. source: path, or a file that can seek. name: for messages.

    Raises BadInput BAD_ARROW for what is no such file, or a torn one.
    """
    try:
        opened = pa.memory_map(str(source)) if not hasattr(source, "read") else pa.PythonFile(source, mode="r")
        with opened, pa.ipc.open_file(opened) as file:
            _check(file.schema)
            for i in range(file.num_record_batches):
                batch = file.get_batch(i)
                batch.validate(full=True)
                yield from _rows(batch)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise BadInput("BAD_ARROW", f"{name} is no Arrow file of features ({error}): make the shard again") from error


def _check(schema: Any) -> None:
    """Raises ValueError."""
    if tuple(schema.names) != COLUMNS:
        raise ValueError(f"its columns must be {', '.join(COLUMNS)}, not {', '.join(schema.names)}")
    condition = schema.field("condition").type
    if pa.types.is_fixed_size_list(condition) and pa.types.is_fixed_size_list(condition.value_type):
        expected = schema_of(condition.list_size, condition.value_type.list_size)
        if schema.equals(expected):
            return
    found = ", ".join(f"{field.name} {field.type}" for field in schema)
    raise ValueError(f"its columns have other types: {found}")


def _rows(batch: Any) -> Iterator[Row]:
    columns = {name: batch.column(name) for name in COLUMNS}
    ids = columns[ID].to_pylist()
    for i, clip_id in enumerate(ids):
        arrays = {}
        for name in FOLDERS:
            value = columns[name][i].values
            shape = [len(value)]
            while pa.types.is_fixed_size_list(value.type):
                shape.append(value.type.list_size)
                value = value.flatten()
            arrays[name] = value.to_numpy().reshape(shape)
        yield Row(clip_id, arrays)
