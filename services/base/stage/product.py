"""What the last stage of a pass makes of one clip: named files in pieces, and facts about the clip. Pure.

Whoever makes a file yields its pieces, whoever packs it takes them one by one: no product lies in memory whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PIECE_BYTES = 1 << 20
"""A file's pieces travel in pieces of at most this size, whatever their maker cut them to."""

BYTES = "application/octet-stream"


@dataclass(frozen=True)
class ProductFile:
    """A file of a product.

    name: `/`-separated, such as "frames/000007.jpg"; the shard's writer decides where among its outputs that is.
    pieces: its bytes in order, to be gone through once. media_type: an IANA name, such as "image/jpeg".
    """

    name: str
    pieces: Iterable[bytes | memoryview]
    media_type: str = BYTES

    def __post_init__(self) -> None:
        if not self.name or not self.media_type:
            raise ValueError(f"a file of a product has a name and a media type, not {self.name!r}, {self.media_type!r}")

    @classmethod
    def of(cls, name: str, data: bytes, media_type: str = BYTES) -> ProductFile:
        """A file that its maker holds whole."""
        return cls(name, (data,), media_type)


@dataclass(frozen=True)
class Product:
    """What the last stage of a pass makes of one clip.

    files: what the shard's writer packs, to be gone through once: each before the next one is asked for. Empty where
    they have gone by already.
    quality: JSON-able facts about the clip for the sidecar, never for the record.
    flags: UPPER_CASE quality findings, sorted, e.g. ("GREY_FRAMES", "SHORT_CLIP").
    sidecars: small files about the clip that are kept in the run's state, by name (a preview picture).
    """

    files: Iterable[ProductFile] = ()
    quality: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    sidecars: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class ProductPart:
    """The product of this name begins. Where one had begun before, it begins anew: what came of it does not count."""

    name: str


@dataclass(frozen=True)
class FilePart:
    """The next file of the product begins; the one before it is whole."""

    name: str
    media_type: str


@dataclass(frozen=True)
class PiecePart:
    """The next bytes of the file that began last."""

    data: bytes | memoryview


def file_parts(files: Iterable[ProductFile]) -> Iterator[FilePart | PiecePart]:
    """The files one after another, in pieces of at most PIECE_BYTES. Raises what their makers raise."""
    for file in files:
        yield FilePart(file.name, file.media_type)
        for piece in file.pieces:
            view = memoryview(piece).cast("B")
            for start in range(0, len(view), PIECE_BYTES):
                yield PiecePart(view[start : start + PIECE_BYTES])
