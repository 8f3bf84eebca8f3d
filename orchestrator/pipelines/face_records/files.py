"""Outputs that are TFRecords: which file holds a clip, and what a file holds."""

from __future__ import annotations

from collections.abc import Iterator

from services.base.run.manifest import ClipRow
from services.base.run.sharding import shard_name
from services.base.run.spec import RunSpec
from services.base.store.interface import Store
from services.formats.tfrecord import read_records

_PIECE_BYTES = 8 << 20


def file_of(spec: RunSpec, row: ClipRow) -> str:
    """The file of a clip's split and shard."""
    return f"{row.split}-{shard_name(row.shard, spec.num_shards)}.tfrecord"


def payloads(outputs: Store, name: str) -> Iterator[tuple[int, bytes]]:
    """(place, serialized tf.train.Example) of a TFRecord file, both checksums verified. Raises BadInput."""
    entry = outputs.stat(name)
    size_bytes = entry.size_bytes if entry else 0
    pieces = (outputs.read(name, offset, _PIECE_BYTES) for offset in range(0, size_bytes, _PIECE_BYTES))
    return enumerate(read_records(pieces))


def judges_clips(spec: RunSpec) -> bool:
    """Unless the run was asked to keep whatever comes."""
    return any(stage.config.get("quality_policy", "keep") != "keep" for stage in spec.stages)
