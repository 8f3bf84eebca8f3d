"""The files of one shard: an npz a clip, and a parquet table beside it. Imports no media library."""

from __future__ import annotations

from collections.abc import Callable

from services.base.media.clip import Clip
from services.base.stage.writer import BinarySink, FilesWriter
from services.records.sign.spec import NPZ_FILE, PARQUET_FILE, SignFilesConfig


def npz_name(clip_name: str) -> str:
    """clip_name: the clip's output name, which planning put into its utterance id."""
    return f"{clip_name}.npz"


def parquet_name(clip_name: str) -> str:
    return f"{clip_name}.parquet"


_NAMES = {NPZ_FILE: npz_name, PARQUET_FILE: parquet_name}


def output_name(clip_name: str, file: str) -> str:
    """file: of the clip's product. Raises KeyError for one that no product has."""
    return _NAMES[file](clip_name)


def open_writer(
    config: SignFilesConfig,  # noqa: ARG001
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
