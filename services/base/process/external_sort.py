"""Sorting more than memory holds: sorted runs on the disk, merged when they are gone through."""

from __future__ import annotations

import heapq
import operator
import struct
import zlib
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from services.base.process.scratch import ScratchBlocks

Item = tuple[bytes, bytes]
"""A key and what is sorted by it."""

_LENGTHS = struct.Struct("<II")
# Of an item in a list, beside its bytes.
_OVERHEAD_BYTES = 160
_FASTEST = 1
_IN_MEMORY_BYTES = 4 << 20


class ExternalSort:
    """`with ExternalSort("records") as items`: items in order of their keys, those of one key as they were added.

    A run of run_bytes is held, and while they are gone through a block of each run that went to the disk: of 1 GB of
    items these are some 25 MB. All are to be added before they are gone through, which may be done again and again.
    Raises Transient NO_SPACE.
    """

    def __init__(self, what: str, *, run_bytes: int = 8 << 20, block_bytes: int = 64 << 10) -> None:
        """what: as `no_scratch_space` takes it."""
        self._run_bytes, self._block_bytes = run_bytes, block_bytes
        self._blocks = ScratchBlocks(what, _IN_MEMORY_BYTES)
        self._runs: list[range] = []
        self._held: list[Item] = []
        self._held_bytes = 0
        self._num_items = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives back what it takes of the disk."""
        self._held.clear()
        self._blocks.close()

    def __len__(self) -> int:
        return self._num_items

    def add(self, key: bytes, data: bytes) -> None:
        self._held.append((key, data))
        self._num_items += 1
        self._held_bytes += len(key) + len(data) + _OVERHEAD_BYTES
        if self._held_bytes >= self._run_bytes:
            self._spill()

    def _spill(self) -> None:
        first = len(self._blocks)
        self._held.sort(key=operator.itemgetter(0))
        for block in packed(self._held, self._block_bytes):
            self._blocks.append(block)
        self._runs.append(range(first, len(self._blocks)))
        self._held.clear()
        self._held_bytes = 0

    def __iter__(self) -> Iterator[Item]:
        self._held.sort(key=operator.itemgetter(0))
        runs: list[Iterable[Item]] = [self._run(numbers) for numbers in self._runs]
        return heapq.merge(*runs, self._held, key=operator.itemgetter(0))

    def _run(self, numbers: range) -> Iterator[Item]:
        for i in numbers:
            yield from unpacked(self._blocks.read(i))


def packed(items: Iterable[Item], block_bytes: int) -> Iterator[bytes]:
    """The items in compressed blocks, each of about so many bytes before it was."""
    block = bytearray()
    for key, data in items:
        block += _LENGTHS.pack(len(key), len(data)) + key + data
        if len(block) >= block_bytes:
            yield zlib.compress(block, _FASTEST)
            block.clear()
    if block:
        yield zlib.compress(block, _FASTEST)


def unpacked(block: bytes) -> Iterator[Item]:
    """The items of one block."""
    found = zlib.decompress(block)
    place = 0
    while place < len(found):
        key_bytes, data_bytes = _LENGTHS.unpack_from(found, place)
        key_end = place + _LENGTHS.size + key_bytes
        place = key_end + data_bytes
        yield found[key_end - key_bytes : key_end], found[key_end:place]
