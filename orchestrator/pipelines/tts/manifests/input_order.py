"""The clips of a run in the order of its manifest, however many: facts of quality joined with the frozen list, and
sorted on the disk.
"""

from __future__ import annotations

import itertools
import operator
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from services.base.errors import BadConfig
from services.base.process.external_sort import ExternalSort
from services.base.run.manifest import ClipRow

_PIECE_BYTES = 1 << 20
_HEADER = struct.Struct("<BI")


class Line(NamedTuple):
    """A clip's line of a manifest. place: in the data set's order."""

    place: int
    split: str
    id: str
    data: bytes


class LinesInOrder:
    """Lines of manifests that come in any order, gone through by their places. Whoever made the items closes them."""

    def __init__(self, items: ExternalSort, splits: tuple[str, ...]) -> None:
        self._items, self._splits = items, splits

    def add(self, line: Line) -> None:
        clip_id = line.id.encode()
        header = _HEADER.pack(self._splits.index(line.split), len(clip_id))
        self._items.add(line.place.to_bytes(8), header + clip_id + line.data)

    def manifest(self, split: str) -> Pieces:
        """The lines of a split."""
        wanted = self._splits.index(split)
        return Pieces(lambda: (data[_HEADER.size + size :] for number, size, data in self._read() if number == wanted))

    def ids(self) -> Pieces:
        """An id a line."""
        return Pieces(lambda: (data[_HEADER.size : _HEADER.size + size] + b"\n" for _, size, data in self._read()))

    def _read(self) -> Iterator[tuple[int, int, bytes]]:
        for _, data in self._items:
            number, size = _HEADER.unpack_from(data)
            yield number, size, data


class Pieces:
    """A file in pieces of about a megabyte, as often as it is gone through."""

    def __init__(self, lines: Callable[[], Iterable[bytes]]) -> None:
        """lines: the file's, from the first; called each time."""
        self._lines = lines

    def __iter__(self) -> Iterator[bytes]:
        held = bytearray()
        for line in self._lines():
            held += line
            if len(held) >= _PIECE_BYTES:
                yield bytes(held)
                held.clear()
        if held:
            yield bytes(held)


def joined(
    clips: Iterable[ClipRow], quality: Iterable[Mapping[str, Any]], left_out: Collection[str]
) -> Iterator[tuple[ClipRow, Mapping[str, Any] | None]]:
    """Each clip with its facts of quality; with None one that was left out. Rows of one shard are held.

    clips: by shard. quality: of the clips that were made, by shard. Raises BadConfig BAD_STATE_FILE where the two do
    not belong together.
    """
    facts = iter(quality)
    line = next(facts, None)
    for _, rows in itertools.groupby(clips, key=operator.attrgetter("shard")):
        of_shard = {row.key: row for row in rows}
        while line is not None and (row := of_shard.pop(str(line["key"]), None)) is not None:
            yield row, line
            line = next(facts, None)
        for key, row in of_shard.items():
            if key not in left_out:
                raise _not_of_the_list(key)
            yield row, None
    if line is not None:
        raise _not_of_the_list(line["key"])


def _not_of_the_list(key: object) -> BadConfig:
    return BadConfig(
        "BAD_STATE_FILE",
        f"the list of clips and the facts of quality do not agree about {key!r}: restore the run's state, or begin a "
        "new run in a new output root",
    )
