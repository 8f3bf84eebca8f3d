"""Which files of a data set hold its records. Pure, on a listing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.base.errors import BadConfig
from services.base.store.interface import Entry

SPLITS = ("train", "val", "test")
_NAME = re.compile(r"(train|val|test)-([0-9]{5,6})-of-([0-9]{5,6})\.tfrecord", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """A TFRecord file. version: as a listing tells it (Entry.version)."""

    name: str
    split: str
    number: int
    size_bytes: int
    version: str


def shards_of(entries: Iterable[Entry], uri: str) -> tuple[Shard, ...]:
    """The files of each split in the order of their numbers: train, val, test. uri: of the root, for messages.

    Raises BadConfig NO_TRAIN_CLIPS, SHARDS_MISSING, SHARDS_OF_TWO_RUNS.
    """
    found: dict[str, list[Shard]] = {split: [] for split in SPLITS}
    totals: dict[str, set[int]] = {split: set() for split in SPLITS}
    for entry in entries:
        match = _NAME.fullmatch(entry.name)
        if match is not None and entry.kind == "file":
            split = match[1]
            found[split].append(Shard(entry.name, split, int(match[2]), entry.size_bytes, entry.version))
            totals[split].add(int(match[3]))
    if not found["train"]:
        raise BadConfig(
            "NO_TRAIN_CLIPS",
            f"{uri} holds no train-00000-of-….tfrecord: give the output of `visemill run grid`, or a folder of the "
            "original script's TFRecords",
        )
    for split, shards in found.items():
        shards.sort(key=lambda shard: shard.number)
        if shards:
            _check_complete(split, [shard.number for shard in shards], totals[split], uri)
    return tuple(shard for shards in found.values() for shard in shards)


def _check_complete(split: str, numbers: list[int], totals: set[int], uri: str) -> None:
    if len(totals) > 1:
        raise BadConfig(
            "SHARDS_OF_TWO_RUNS",
            f"{split} files in {uri} are of {' and of '.join(map(str, sorted(totals)))} shards: they are of different "
            "runs, remove those of one",
        )
    (total,) = totals
    missing = sorted(set(range(total)).difference(numbers))
    if missing or len(numbers) > total:
        shown = ", ".join(f"{split}-{number:05d}-of-{total:05d}.tfrecord" for number in missing[:3])
        raise BadConfig(
            "SHARDS_MISSING",
            f"{uri} holds {len(numbers)} of {total} {split} files, and not {shown or 'these numbers alone'}: copy the "
            "data set whole, or make it again",
        )
