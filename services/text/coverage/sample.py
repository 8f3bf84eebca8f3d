"""An even sample of a stream whose length nobody knows: each k-th item, where k doubles as the stream goes on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class EvenSample(Generic[T]):
    """From `most` items on between half of `most` and `most` items, evenly apart; the same for the same stream.

    items: those kept, in order. num_seen: how many there were.
    """

    def __init__(self, most: int) -> None:
        if most < 2:
            raise ValueError(f"a sample holds 2 items or more, not {most}")
        self._most = most
        self._step = 1
        self.items: list[T] = []
        self.num_seen = 0

    def add(self, item: T) -> None:
        """The next item of the stream."""
        if self.num_seen % self._step == 0:
            if len(self.items) == self._most:
                self.items = self.items[::2]
                self._step *= 2
            if self.num_seen % self._step == 0:
                self.items.append(item)
        self.num_seen += 1


def thinned(items: Sequence[T], most: int) -> list[T]:
    """At most so many of the items, evenly apart."""
    step = -(-len(items) // most) if items else 1
    return list(items[::step])
