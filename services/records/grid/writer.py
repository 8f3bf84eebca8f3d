"""The files of one shard: TFRecords of each split. Imports no media library."""

from __future__ import annotations

from collections.abc import Callable

from services.base.stage.writer import BinarySink
from services.records.grid.spec import RecordsConfig
from services.records.record_shard import RecordShardWriter, open_record_shard


def open_writer(
    config: RecordsConfig,  # noqa: ARG001
    shard_index: int,
    num_shards: int,
    create: Callable[[str], BinarySink],
) -> RecordShardWriter:
    """As `open_record_shard`. config: taken because every last stage's writer is opened so; nothing in it changes these
    files.
    """
    return open_record_shard(shard_index, num_shards, create)
