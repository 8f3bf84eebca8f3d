"""I/O: one file of a repository into the cache: begun files are gone on with, and whole ones are what the hub says."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from services.base.errors import BadConfig, Transient
from services.base.process.retry import Backoff, Retryable
from services.training.data.hub.interfaces import Counted, HubFile, Watch
from services.training.data.hub.repository import HubRepository

_CHUNK_BYTES = 4 << 20
_PAUSES = Backoff(first_s=1.0, most_s=30.0)
# In a row, without a byte between them: a minute in all.
_MOST_FAILURES = 6


class BegunFile:
    """A file in the cache, of which some bytes are there.

    The partial file's name is no other program's, and who writes it holds a lock.
    """

    def __init__(self, file: HubFile, blob: Path) -> None:
        self.file = file
        self.blob = blob
        self.partial = blob.with_name(f"{blob.name}.visemill.incomplete")
        self._hasher: Any = None

    @property
    def num_bytes(self) -> int:
        """That are there."""
        for path in (self.blob, self.partial):
            with contextlib.suppress(FileNotFoundError):
                return min(path.stat().st_size, self.file.size_bytes)
        return 0

    def fetch(
        self, hub: HubRepository, revision: str, counted: Counted, watch: Watch, *, pauses: Backoff = _PAUSES
    ) -> Path:
        """The whole file, whose bytes have the identity that the hub says. counted: told its bytes so far.

        Raises Transient HUB_FILE_DAMAGED for others, which are removed; BadConfig OUTPUT_IN_USE; OSError; as
        HubRepository.read.
        """
        self.blob.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.partial) as file:
            if self.blob.is_file() and self._whole_blob(counted, watch):
                self.partial.unlink()
                return self.blob
            self._read_begun(file, counted)
            self._go_on(file, hub, revision, counted, watch, pauses)
            if self._hasher.hexdigest() != self.file.identity:
                self.partial.unlink()
                raise Transient(
                    "HUB_FILE_DAMAGED",
                    f"{self.file.name} has the digest {self._hasher.hexdigest()}, and the hub says "
                    f"{self.file.identity}: it was removed, and the same command downloads it anew",
                )
            file.flush()
            self.partial.replace(self.blob)
        return self.blob

    def _whole_blob(self, counted: Counted, watch: Watch) -> bool:
        """Whether what the cache holds, perhaps by another program, is the file; else it is removed."""
        with self.blob.open("rb") as blob:
            if self._hash(blob, counted) == self.file.size_bytes and self._hasher.hexdigest() == self.file.identity:
                return True
        watch.say(f"{self.blob} is not what the hub says of {self.file.name}: it is downloaded anew")
        self.blob.unlink()
        counted(0)
        return False

    def _read_begun(self, file: BinaryIO, counted: Counted) -> None:
        if os.fstat(file.fileno()).st_size > self.file.size_bytes:
            file.truncate(0)
        file.seek(0)
        self._hash(file, counted)

    def _hash(self, file: BinaryIO, counted: Counted) -> int:
        self._hasher, size_bytes = self.file.hasher(), 0
        while chunk := file.read(_CHUNK_BYTES):
            self._hasher.update(chunk)
            size_bytes += len(chunk)
            counted(min(size_bytes, self.file.size_bytes))
        return size_bytes

    def _go_on(
        self, file: BinaryIO, hub: HubRepository, revision: str, counted: Counted, watch: Watch, pauses: Backoff
    ) -> None:
        failures, offset = 0, file.tell()
        while offset < self.file.size_bytes:
            try:
                for chunk in hub.read(self.file, revision, offset):
                    file.write(chunk)
                    self._hasher.update(chunk)
                    offset += len(chunk)
                    counted(offset)
                    failures = 0
            except Retryable as again:
                failures += 1
                if failures > _MOST_FAILURES:
                    raise again.outcome from again
                pause_s = pauses.pause_s(failures)
                watch.say(f"{again}; trying again in {pause_s:.0f} s")
                time.sleep(pause_s)


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open for reading and writing, by nobody else. Raises BadConfig OUTPUT_IN_USE."""
    with path.open("a+b") as file:
        take_alone(file.fileno(), f"{path.name} in {path.parent}")
        yield file


def take_alone(descriptor: int, what: str) -> None:
    """Until it is closed, or the process ends. Raises BadConfig OUTPUT_IN_USE."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BadConfig(
            "OUTPUT_IN_USE", f"{what} is being written by another download: wait for it, or stop it"
        ) from error
