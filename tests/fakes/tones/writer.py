"""The files of one shard: an npz a clip, or a folder a clip."""

from __future__ import annotations

from collections.abc import Callable

from services.base.media.clip import Clip
from services.base.stage.writer import BinarySink, FilesWriter
from tones.spec import SpectrumConfig


def output_name(clip_name: str, file: str, tree: bool) -> str:
    return f"{clip_name}/{file}" if tree else f"{clip_name}.npz"


def open_writer(
    config: SpectrumConfig, shard_index: int, num_shards: int, create: Callable[[str], BinarySink]
) -> FilesWriter:
    """A writer that makes each file when it comes."""
    del shard_index, num_shards

    def name_of(clip: Clip, file: str) -> str:
        return output_name(clip.utterance_id, file, config.tree)

    return FilesWriter(create, name_of)
