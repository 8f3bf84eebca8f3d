"""Where bytes lie: one small interface over a local folder and S3. Names are relative to a root and `/`-separated.

Writes are atomic: a reader sees the old bytes, the new bytes or nothing, whatever died half-way. A store may be used
from several threads, but an Upload belongs to one, and a store opened before a fork must not be used after it.
"""

from __future__ import annotations

import abc
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple, Protocol, Self

from services.base.errors import BadInput

TEMP_PREFIX = ".visemill-tmp-"
"""A path segment that starts so is ours while we write: never listed, and refused as a name."""


# Nearly every name of a long listing is such a one, which breaks no rule.
_PLAIN_NAME = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)*", re.ASCII)


EntryKind = Literal["file", "directory", "outside", "other"]


class NotThere(BadInput):
    """Nothing of that name is in the store."""

    def __init__(self, name: str, uri: str) -> None:
        super().__init__("NOT_THERE", f"{name!r} is not in {uri}; it was moved or deleted, or never written")
        self.name = name
        self.uri = uri

    def __reduce__(self) -> tuple[type[NotThere], tuple[str, str]]:
        return NotThere, (self.name, self.uri)


class Entry(NamedTuple):
    """One line of a listing.

    version: changes when the content does: mtime in ns on a disk, the ETag on S3; empty for what is not a file.
    kind: "file" can be read; "directory"; "outside": a symlink that leaves the root, not followed; "other": a FIFO, a
    device, a broken or looping link, a name that this interface refuses (it is shown escaped).
    modified_s: on S3, whose versions tell no time: seconds since 1970 of the object's LastModified; 0 elsewhere.
    """

    name: str
    size_bytes: int
    version: str
    kind: EntryKind = "file"
    modified_s: int = 0

    @property
    def modified_ns(self) -> int:
        """When it was written, in ns since 1970; 0 where the store does not tell."""
        return self.modified_s * 1_000_000_000 or (int(self.version) if self.version.isdecimal() else 0)


@dataclass(frozen=True)
class Promises:
    """What a probe has seen a store do.

    conditional_put, conditional_complete: a create-only write is refused by the store itself when the name is taken, on
    a plain and on a multipart write. free_bytes: space left, None if the store does not say.
    """

    conditional_put: bool
    conditional_complete: bool
    list_after_write: bool
    multipart: bool
    range_reads: bool
    free_bytes: int | None = None

    def create_only(self) -> str:
        """How `create` works here, in a sentence."""
        if self.conditional_put and self.conditional_complete:
            return "the store refuses a second writer"
        return (
            "weaker: the store ignores If-None-Match, so a create looks first, writes, and reads back its own token; "
            "two writers within the same second can replace one another, and both cannot win unless the reads are stale"
        )

    def problems(self) -> list[str]:
        """What a run must know before it starts; empty when all is promised."""
        missing = []
        if not (self.conditional_put and self.conditional_complete):
            missing.append(f"create-only writes are {self.create_only()}")
        if not self.list_after_write:
            missing.append("a listing can lag behind writes: a resumed run may do shards again")
        if not self.multipart:
            missing.append("no multipart uploads: outputs above 16 MiB cannot be written")
        if not self.range_reads:
            missing.append("no range reads: whole objects are read instead")
        return missing


class Upload(abc.ABC):
    """A file being written in pieces, in bounded memory, invisible until `commit`. Left uncommitted, its `with` aborts.

    sha256: hex digest of what was written so far. size_bytes: its length.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        self._open = True

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes | memoryview) -> None:
        """Appends. Raises BadConfig (no space, no permission) or Transient."""
        if not self._open:
            raise ValueError("this upload has ended: open another")
        self._digest.update(data)
        self.size_bytes += len(data)
        self._append(data)

    def flush(self) -> None:
        """Has a disk take what was written so far, so that a commit needs no more space. Raises as `write`."""
        if not self._open:
            raise ValueError("this upload has ended: open another")

    def commit(self, *, create_only: bool = False) -> bool:
        """Publishes under the name, replacing what was there. create_only: False and no change if the name is taken."""
        if not self._open:
            raise ValueError("this upload has ended: open another")
        try:
            published = self._publish(create_only)
        except BaseException:
            self.abort()
            raise
        if not published:
            self.abort()
        self._open = False
        return published

    def abort(self) -> None:
        """Drops what was written. Harmless after the end."""
        if self._open:
            self._open = False
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    @abc.abstractmethod
    def _append(self, data: bytes | memoryview) -> None: ...

    @abc.abstractmethod
    def _publish(self, create_only: bool) -> bool: ...

    @abc.abstractmethod
    def _drop(self) -> None: ...


class ReadableStore(Protocol):
    """A root with files below it, as who writes none needs it.

    Every method raises BadInput BAD_NAME for a name that is empty, absolute, or holds an empty, `.`, `..` or reserved
    segment; BadConfig for what a person must change (permissions, space, credentials, a missing bucket); Transient when
    the store stayed out of reach for about a minute.
    """

    @property
    def uri(self) -> str:
        """The root: an absolute path, or `s3://bucket/prefix`. Holds no secret."""
        ...

    def check_root(self) -> None:
        """Returns when the folder, or the bucket, can be reached now; asks once. Raises BadConfig ROOT_MISSING."""
        ...

    def list(self, prefix: str = "", *, directories: bool = False) -> Iterator[Entry]:
        """Everything whose name starts with prefix (a string prefix: `"runs/"`, `"train-"`), at any depth.

        In the byte order of UTF-8 names, a directory as if its name ended with `/`. directories: yields these as well.
        """
        ...

    def stat(self, name: str) -> Entry | None: ...

    def read(self, name: str, offset_bytes: int = 0, num_bytes: int | None = None) -> bytes:
        """At most num_bytes from offset_bytes; b"" past the end. Raises NotThere, BadInput NOT_A_FILE, OUTSIDE_ROOT."""
        ...

    def local_path(self, name: str) -> Path | None:
        """The file itself where the store is a disk, else None: read it there, do not copy it, never write it."""
        ...

    def fetch(self, name: str, to: Path) -> None:
        """Streams into a local file, which appears when it is complete. Raises as `read`."""
        ...


class Store(ReadableStore, Protocol):
    """A root with files below it. Raises as ReadableStore."""

    def put(self, name: str, data: bytes) -> None:
        """Writes or replaces, atomically."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Writes atomically unless the name is taken: then False and no change. One of several racers gets True."""
        ...

    def upload(self, name: str) -> Upload: ...

    def move(self, source: str, target: str) -> None:
        """Renames, replacing the target; on S3 a copy inside the server and a delete. Raises NotThere."""
        ...

    def delete(self, name: str) -> None:
        """Removes a file; harmless if it is not there."""
        ...

    def delete_prefix(self, prefix: str) -> None:
        """Removes all whose name starts with prefix (not empty). Follows no link."""
        ...

    def clean_abandoned(self, older_than_s: float) -> int:
        """Removes what uploads that died half-way have left, if older; returns how many."""
        ...

    def probe(self) -> Promises:
        """Tries what the store promises by writing and deleting a few small files."""
        ...


def check_name(name: str) -> str:
    """The name itself. Raises BadInput BAD_NAME unless it is one that every store takes."""
    if not is_name(name):
        rule = _broken_rule(name)
        raise BadInput("BAD_NAME", f"name {name!r} {rule}; give a `/`-separated path below the root")
    return name


def check_prefix(prefix: str) -> str:
    """The prefix itself: empty, a name, or the beginning of one. Raises BadInput BAD_NAME."""
    if prefix:
        folder, _, stem = prefix.rpartition("/")
        if folder or prefix.startswith("/"):
            check_name(folder)
        if "\0" in stem or stem == "..":
            raise BadInput("BAD_NAME", f"prefix {prefix!r} ends in NUL or '..'; give the beginning of a name")
    return prefix


def is_name(name: str) -> bool:
    """Whether check_name takes it."""
    return _PLAIN_NAME.fullmatch(name) is not None or not _broken_rule(name)


def _broken_rule(name: str) -> str:
    if not name:
        return "is empty"
    if "\0" in name:
        return "holds a NUL"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "is not valid UTF-8"
    for segment in name.split("/"):
        if segment in ("", ".", ".."):
            return f"holds the segment {segment!r}"
        if segment.startswith(TEMP_PREFIX):
            return f"holds a segment that starts with the reserved {TEMP_PREFIX!r}"
    return ""
