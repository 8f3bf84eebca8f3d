"""Where the products of a shard go: a writer over sinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.base.media.clip import Clip
from services.base.stage.product import Product


class BinarySink(Protocol):
    """Where a file's bytes go. Closing publishes the file; aborting leaves nothing of it."""

    def write(self, data: bytes, /) -> object: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


@dataclass(frozen=True)
class WrittenFile:
    """One file of a shard, closed. name: below the output root."""

    name: str
    num_records: int


class ShardWriter(Protocol):
    """What a last stage's `StageSpec.writer(config, shard, num_shards, create)` returns: products in, files out."""

    def add(self, clip: Clip, product: Product) -> None:
        """Appends to the file of the clip's split, in the order of the calls."""
        ...

    def close(self) -> list[WrittenFile]:
        """Closes every sink and tells what was written, by name. Nothing can be added after."""
        ...

    def abort(self) -> None:
        """Aborts every sink; harmless after close, or twice."""
        ...
