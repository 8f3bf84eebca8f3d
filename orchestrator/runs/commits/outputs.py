"""I/O: the output files that commits name. However many there are, few are held in memory at a time."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple

from services.base.digest import canonical_json
from services.base.errors import BadConfig
from services.base.process.scratch import no_scratch_space
from services.base.run import paths
from services.base.run.listing import file_of_line
from services.base.run.spec import RunSpec, ShardCommit
from services.base.store.interface import Entry, NotThere, Store

_PIECE_BYTES = 64 << 10
_CACHE_KIB = 2048
_NUM_AT_ONCE = 128


def files_of_commit(spec: RunSpec, state: Store, done: ShardCommit) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, {"sha256", "size_bytes", "num_records"}) of each output file of a shard, by name.

    Raises BadConfig BAD_LISTING, at the latest after the last file, when their listing is not the one of the commit.
    """
    if done.listing is None:
        yield from sorted(done.outputs.items())
        return
    name = paths.listing_file(spec.run, done.shard, spec.num_shards, done.listing.sha256)
    digest = hashlib.sha256()
    try:
        for line in _lines(state, name):
            digest.update(line)
            yield file_of_line(line)
    except (NotThere, ValueError, KeyError, TypeError) as error:
        raise _bad_listing(spec, state, done, name, f"cannot be read ({error})") from error
    if digest.hexdigest() != done.listing.sha256:
        raise _bad_listing(spec, state, done, name, "is not the one that the shard was committed with")


def _lines(state: Store, name: str) -> Iterator[bytes]:
    offset, rest = 0, b""
    while piece := state.read(name, offset, _PIECE_BYTES):
        offset += len(piece)
        *lines, rest = (rest + piece).splitlines(keepends=True)
        if rest.endswith(b"\n"):
            lines, rest = [*lines, rest], b""
        yield from lines
    if rest:
        yield rest


def _bad_listing(spec: RunSpec, state: Store, done: ShardCommit, name: str, what: str) -> BadConfig:
    commit = paths.done_file(spec.run, done.shard, spec.num_shards)
    return BadConfig(
        "BAD_LISTING", f"{name} in {state.uri} {what}: delete {commit} there and resume, and the shard is made again"
    )


class OutputFile(NamedTuple):
    """An output file. source: the number that it was added with."""

    name: str
    source: int
    facts: Mapping[str, Any]


class FileTable:
    """Output files by name, in a temporary file that goes with the process: about 2 MB of memory for any number.

    `with FileTable() as files`. One that is added twice is as it was added last. Raises Transient NO_SPACE where the
    folder for temporary files is full.
    """

    def __init__(self) -> None:
        # An empty name is a database of its own in the folder for temporary files, which sqlite removes.
        self._db = sqlite3.connect("", isolation_level=None)
        with _scratch():
            self._db.executescript(f"""
                PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-{_CACHE_KIB};
                CREATE TABLE files (
                    name TEXT NOT NULL UNIQUE, source INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
                    facts TEXT NOT NULL, is_found INTEGER NOT NULL DEFAULT 0
                );
            """)

    def __enter__(self) -> FileTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, source: int, files: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        rows = ((name, source, int(facts["size_bytes"]), canonical_json(facts)) for name, facts in files)
        with _scratch():
            self._db.executemany(
                "INSERT INTO files (name, source, size_bytes, facts) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
                "SET source = excluded.source, size_bytes = excluded.size_bytes, facts = excluded.facts",
                rows,
            )

    def find(self, entries: Iterable[Entry], folder: str = "", *, of_any_size: bool = False) -> None:
        """Marks the files that a listing shows with their size. folder: what may be before their names there."""
        rows = ((entry.name.removeprefix(folder), of_any_size, entry.size_bytes) for entry in entries)
        with _scratch():
            self._db.executemany("UPDATE files SET is_found = 1 WHERE name = ? AND (? OR size_bytes = ?)", rows)

    def __len__(self) -> int:
        return int(self._db.execute("SELECT COUNT(*) FROM files").fetchone()[0])

    def __iter__(self) -> Iterator[OutputFile]:
        """All, in the order in which their names were first added."""
        return self._select("")

    def __contains__(self, name: object) -> bool:
        return self.source_of(str(name)) is not None

    def names(self) -> Iterator[str]:
        """Sorted."""
        cursor = self._db.execute("SELECT name FROM files ORDER BY name")
        while rows := cursor.fetchmany(_NUM_AT_ONCE):
            yield from (name for (name,) in rows)

    def found(self) -> Iterator[OutputFile]:
        return self._select("WHERE is_found")

    def missing(self) -> Iterator[OutputFile]:
        return self._select("WHERE NOT is_found")

    def source_of(self, name: str) -> int | None:
        """The number that a file was added with last; None where there is none of that name."""
        row = self._db.execute("SELECT source FROM files WHERE name = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def sources_missing(self) -> list[int]:
        """Numbers of files that were not found, each once, rising."""
        rows = self._db.execute("SELECT DISTINCT source FROM files WHERE NOT is_found ORDER BY source")
        return [int(source) for (source,) in rows]

    def _select(self, where: str) -> Iterator[OutputFile]:
        cursor = self._db.execute(f"SELECT name, source, facts FROM files {where} ORDER BY rowid")  # noqa: S608 - ours
        while rows := cursor.fetchmany(_NUM_AT_ONCE):
            for name, source, facts in rows:
                yield OutputFile(name, source, json.loads(facts))


@contextmanager
def _scratch() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise no_scratch_space(error, "the names of output files") from error


def table_of(spec: RunSpec, state: Store, done: Iterable[ShardCommit]) -> FileTable:
    """The output files of these shards, each with the number of its shard. Raises BadConfig BAD_LISTING."""
    files = FileTable()
    for shard in done:
        files.add(shard.shard, files_of_commit(spec, state, shard))
    return files


def missing_outputs(
    spec: RunSpec, state: Store, outputs: Store, done: Iterable[ShardCommit], *, or_staged: bool = True
) -> list[int]:
    """Those of these shards one of whose files is neither published with its size nor, with or_staged, staged."""
    staged = paths.staged(spec.run, "")
    with table_of(spec, state, done) as files:
        files.find(outputs.list(), staged if or_staged else "")
        return files.sources_missing()
