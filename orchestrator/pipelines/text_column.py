"""A million short texts in little memory: their UTF-8 bytes end to end. Pure.

As Python objects they would take four times the space, and every pass of the garbage collector would visit each.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import pyarrow as pa

_NUM_PENDING = 4096


class TextColumn(Sequence[str]):
    """Texts in the order in which they were appended; one is made when it is asked for."""

    __slots__ = ("_bounds", "_data", "_pending")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._data = bytearray()
        self._bounds = array("q", [0])
        self._pending: list[str] = []
        self.extend(texts)

    def append(self, text: str) -> None:
        self._pending.append(text)
        if len(self._pending) >= _NUM_PENDING:
            self._settle()

    def extend(self, texts: Iterable[str]) -> None:
        """Appends many; cheaper than one by one."""
        self._settle()
        encoded = list(map(str.encode, texts))
        lengths_N = np.fromiter(map(len, encoded), np.int64, len(encoded))
        self._bounds.frombytes((np.cumsum(lengths_N) + len(self._data)).tobytes())
        self._data += b"".join(encoded)

    def _settle(self) -> None:
        if self._pending:
            pending, self._pending = self._pending, []
            self.extend(pending)

    def __len__(self) -> int:
        return len(self._bounds) - 1 + len(self._pending)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, slice):
            return self.take(range(*i.indices(len(self))))
        if not -len(self) <= i < len(self):
            raise IndexError(f"index {i} of {len(self)} texts")
        return self.take((i % len(self),))[0]

    def take(self, indices: Iterable[int]) -> list[str]:
        """The texts at those indices, each at least 0 and below the length; cheaper than one by one."""
        self._settle()
        data, bounds = self._data, self._bounds
        return [data[bounds[i] : bounds[i + 1]].decode() for i in indices]

    def chosen(self, indices: Sequence[int]) -> TextColumn:
        """A column of the texts at those indices, likewise."""
        column = TextColumn()
        for start in range(0, len(indices), _NUM_PENDING):
            column.extend(self.take(indices[start : start + _NUM_PENDING]))
        return column

    def to_arrow(self) -> Any:
        """The texts as one Arrow array of large strings, not copied: the column must not grow while it is in use."""
        self._settle()
        return pa.LargeStringArray.from_buffers(len(self), pa.py_buffer(self._bounds), pa.py_buffer(self._data))

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _NUM_PENDING):
            yield from self._piece(start, min(start + _NUM_PENDING, len(self)))

    def _piece(self, start: int, end: int) -> list[str]:
        """Texts side by side: their bytes are cut out of the column once, and ASCII is decoded once."""
        self._settle()
        bounds = self._bounds[start : end + 1]
        first = bounds[0]
        data = bytes(self._data[first : bounds[-1]])
        places = itertools.pairwise([bound - first for bound in bounds])
        if data.isascii():
            text = data.decode()
            return [text[a:b] for a, b in places]
        return [data[a:b].decode() for a, b in places]
