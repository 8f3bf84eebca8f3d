"""Products whose files have been gone through, for tests that look at them more than once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.base.stage.clip_pass import ArtifactPart, Part
from services.base.stage.product import FilePart, PiecePart, Product, ProductPart


@dataclass(frozen=True)
class Made:
    """files: name -> its bytes, in order."""

    files: Mapping[str, bytes]
    quality: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    sidecars: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        """The first file."""
        return next(iter(self.files.values()))


def made_of(product: Product) -> Made:
    files = {file.name: b"".join(map(bytes, file.pieces)) for file in product.files}
    return Made(files, product.quality, product.flags, product.sidecars)


def made_in(parts: Iterable[Part | Any]) -> Made:
    """The product among the parts of a pass."""
    files: dict[str, bytearray] = {}
    for part in parts:
        match part:
            case ProductPart():
                files = {}
            case FilePart(name):
                last = files[name] = bytearray()
            case PiecePart(data):
                last += data
            case ArtifactPart(_, Product() as product):
                found = product
    made = {name: bytes(data) for name, data in files.items()}
    return Made(made, found.quality, found.flags, found.sidecars)
