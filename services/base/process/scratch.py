"""Scratch space: bytes that wait in memory while they are few, else in a file of TMPDIR that has no name, so that
nothing is left of it however its process ends.
"""

from __future__ import annotations

import contextlib
import tempfile
import weakref
from array import array
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from services.base.errors import Transient

_PIECE_BYTES = 1 << 20


def no_scratch_space(error: Exception, what: str) -> Transient:
    """What a full or missing temporary folder means to a run. what: in the plural, such as "frames"."""
    return Transient(
        "NO_SPACE", f"{what} do not fit the temporary folder ({error}): free space there, or point TMPDIR elsewhere"
    )


class ScratchFile:
    """`with ScratchFile(...) as file`. Written once, then read once. Raises Transient NO_SPACE."""

    def __init__(self, what: str, in_memory_bytes: int) -> None:
        """what: as `no_scratch_space` takes it. in_memory_bytes: more than that goes to the disk."""
        self._what = what
        self._file = tempfile.SpooledTemporaryFile(in_memory_bytes)  # noqa: SIM115 - closed at the end of `with`
        self.size_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError:
            # Closing writes what is left in its buffer, which nobody reads any more.
            if kind is None:
                raise

    def write(self, data: bytes | memoryview) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise no_scratch_space(error, self._what) from error
        self.size_bytes += len(data)

    def pieces(self) -> Iterator[bytes]:
        """All that was written, in pieces of at most 1 MiB."""
        try:
            self._file.seek(0)
            while piece := self._file.read(_PIECE_BYTES):
                yield piece
        except OSError as error:
            raise no_scratch_space(error, self._what) from error


class ScratchBlocks:
    """Byte strings, read by their number as often as is wanted. What they take of the disk goes when it is dropped.

    Of a million blocks 8 bytes each are held. For one thread. Raises Transient NO_SPACE.
    """

    def __init__(self, what: str, in_memory_bytes: int) -> None:
        """what: as `no_scratch_space` takes it. in_memory_bytes: more than that goes to the disk."""
        self._what = what
        self._file = tempfile.SpooledTemporaryFile(in_memory_bytes)  # noqa: SIM115 - closed when this is dropped
        self._ends = array("q", [0])
        self.close = weakref.finalize(self, _close, self._file)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, block: bytes) -> None:
        try:
            self._file.seek(self._ends[-1])
            self._file.write(block)
        except OSError as error:
            raise no_scratch_space(error, self._what) from error
        self._ends.append(self._ends[-1] + len(block))

    def read(self, i: int) -> bytes:
        """Raises IndexError."""
        start, end = self._ends[i], self._ends[i + 1]
        try:
            self._file.seek(start)
            return self._file.read(end - start)
        except OSError as error:
            raise no_scratch_space(error, self._what) from error


def _close(file: tempfile.SpooledTemporaryFile[bytes]) -> None:
    # Closing writes what is left in its buffer, which nobody reads any more.
    with contextlib.suppress(OSError):
        file.close()
