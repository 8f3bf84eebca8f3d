"""The files of one shard: those of a person's folder. Imports no media library."""

from __future__ import annotations

from collections.abc import Callable

from services.base.media.clip import Clip
from services.base.stage.writer import BinarySink, FilesWriter
from services.records.talker.names import output_name
from services.records.talker.spec import TalkerFilesConfig


def open_writer(
    config: TalkerFilesConfig,  # noqa: ARG001
    shard_index: int,
    num_shards: int,
    create: Callable[[str], BinarySink],
) -> FilesWriter:
    """A writer that makes each file by `create` when its clip comes. Raises ValueError for a shard out of range.

    config: taken because every last stage's writer is opened so; which files a clip has is the stage's.
    """
    if not 0 <= shard_index < num_shards:
        raise ValueError(f"shard must be 0..{num_shards - 1}, not {shard_index}")
    return FilesWriter(create, _name)


def _name(clip: Clip, file: str) -> str:
    return output_name(clip.utterance_id, file)
