"""The files of one shard: an npz a clip, in the folders that its id makes."""

from __future__ import annotations

from collections.abc import Callable

from tones.spec import SpectrumConfig
from tones.writer import NpzWriter

from services.base.media.clip import Clip
from services.base.stage.product import Product
from services.base.stage.writer import BinarySink, WrittenFile


def open_writer(
    config: SpectrumConfig, shard_index: int, num_shards: int, create: Callable[[str], BinarySink]
) -> SpokenWriter:
    """A writer that makes each file when its clip comes."""
    del config, shard_index, num_shards
    return SpokenWriter(create)


class SpokenWriter(NpzWriter):
    """A ShardWriter of a file a clip."""

    def add(self, clip: Clip, product: Product) -> None:
        name = f"{clip.key}.npz"
        sink = self._create(name)
        sink.write(product.payload)
        sink.close()
        self._written.append(WrittenFile(name, 1))
