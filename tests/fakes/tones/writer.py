"""The files of one shard: an npz a clip."""

from __future__ import annotations

from collections.abc import Callable

from services.base.stage.writer import BinarySink, FilesWriter
from tones.spec import SpectrumConfig


def open_writer(
    config: SpectrumConfig, shard_index: int, num_shards: int, create: Callable[[str], BinarySink]
) -> FilesWriter:
    """A writer that makes each file when its clip comes."""
    del config, shard_index, num_shards
    return FilesWriter(create, lambda clip, _: f"{clip.utterance_id}.npz")
