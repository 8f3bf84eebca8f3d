"""The files of one shard: an npz a clip, and a parquet table beside it. Imports no media library."""

from __future__ import annotations

from services.base.stage.writer import files_writer
from services.records.sign.spec import NPZ_FILE, PARQUET_FILE


def npz_name(clip_name: str) -> str:
    """clip_name: the clip's output name, which planning put into its utterance id."""
    return f"{clip_name}.npz"


def parquet_name(clip_name: str) -> str:
    return f"{clip_name}.parquet"


_NAMES = {NPZ_FILE: npz_name, PARQUET_FILE: parquet_name}


def output_name(clip_name: str, file: str) -> str:
    """file: of the clip's product. Raises KeyError for one that no product has."""
    return _NAMES[file](clip_name)


open_writer = files_writer(output_name)
