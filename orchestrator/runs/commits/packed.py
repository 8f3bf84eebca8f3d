"""Many small JSON values held in little memory: compressed, made anew whenever they are gone through, and on the disk
where they are more than a few megabytes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

from services.base.digest import canonical_json
from services.base.process.external_sort import ExternalSort
from services.base.process.scratch import ScratchBlocks
from services.base.run.spec import ShardCommit, shard_commit_from_json

_LINES_A_BLOCK = 512
_IN_MEMORY_BYTES = 4 << 20
_FASTEST = 1


def pack(done: ShardCommit) -> bytes:
    """A commit of five clips in about 700 bytes, a quarter of what it takes as an object."""
    return zlib.compress(done.to_json(), _FASTEST)


class PackedCommits(Sequence[ShardCommit]):
    """Commits, each as `pack` made it. One is made when it is asked for, and not kept."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, i: int) -> ShardCommit: ...
    @overload
    def __getitem__(self, i: slice) -> PackedCommits: ...
    def __getitem__(self, i: int | slice) -> ShardCommit | PackedCommits:
        if isinstance(i, slice):
            return PackedCommits(self._packed[i])
        return shard_commit_from_json(zlib.decompress(self._packed[i]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PackedCommits) and list(self._packed) == list(other._packed)

    __hash__ = None  # type: ignore[assignment]


class PackedLines(Sequence[Mapping[str, Any]]):
    """Objects of JSON-lines files. To be gone through from first to last: a single one costs its whole block.

    Raises Transient NO_SPACE where the folder for temporary files is full.
    """

    def __init__(self, lines: Iterable[Mapping[str, Any]]) -> None:
        self._blocks = ScratchBlocks("facts of clips", _IN_MEMORY_BYTES)
        self._num_lines = 0
        block: list[str] = []
        for line in lines:
            block.append(canonical_json(line))
            if len(block) == _LINES_A_BLOCK:
                self._close(block)
        self._close(block)

    def _close(self, block: list[str]) -> None:
        if block:
            self._blocks.append(zlib.compress("".join(line + "\n" for line in block).encode(), _FASTEST))
            self._num_lines += len(block)
            block.clear()

    def __len__(self) -> int:
        return self._num_lines

    @overload
    def __getitem__(self, i: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, i: slice) -> list[Mapping[str, Any]]: ...
    def __getitem__(self, i: int | slice) -> Mapping[str, Any] | list[Mapping[str, Any]]:
        if isinstance(i, slice):
            return list(self)[i]
        place = range(self._num_lines)[i]
        lines = zlib.decompress(self._blocks.read(place // _LINES_A_BLOCK)).splitlines()
        found: Mapping[str, Any] = json.loads(lines[place % _LINES_A_BLOCK])
        return found

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for block in self.encoded():
            yield from map(json.loads, block.splitlines())

    def encoded(self) -> Iterator[bytes]:
        """The canonical JSON of every line, in pieces of many lines each."""
        for i in range(len(self._blocks)):
            yield zlib.decompress(self._blocks.read(i))


def in_order(
    lines: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str]
) -> Iterator[Mapping[str, Any]]:
    """The lines in order of the key; those of one key stay as they came. Raises Transient NO_SPACE."""
    with ExternalSort("facts of clips") as ordered:
        for line in lines:
            # In UTF-8 texts are ordered as their characters are.
            ordered.add(key(line).encode(errors="surrogatepass"), canonical_json(line).encode())
        for _, found in ordered:
            yield json.loads(found)
