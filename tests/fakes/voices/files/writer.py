"""The files of one shard: an npz a clip."""

from __future__ import annotations

from collections.abc import Callable

from services.base.media.clip import Clip
from services.base.stage.product import Product
from services.base.stage.writer import BinarySink, WrittenFile
from voices.files.spec import FilesConfig


def open_writer(
    config: FilesConfig, shard_index: int, num_shards: int, create: Callable[[str], BinarySink]
) -> NpzWriter:
    """A writer that makes each file when its clip comes."""
    del config, shard_index, num_shards
    return NpzWriter(create)


class NpzWriter:
    """A ShardWriter of a file a clip."""

    def __init__(self, create: Callable[[str], BinarySink]) -> None:
        self._create = create
        self._written: list[WrittenFile] = []

    def add(self, clip: Clip, product: Product) -> None:
        name = f"{clip.utterance_id}.npz"
        sink = self._create(name)
        sink.write(product.payload)
        sink.close()
        self._written.append(WrittenFile(name, 1))

    def close(self) -> list[WrittenFile]:
        return self._written

    def abort(self) -> None:
        """Nothing is open between two clips."""
