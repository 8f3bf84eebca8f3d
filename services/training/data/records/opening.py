"""I/O: a set of TFRecords, opened: its files, their index, the run that made them, and what of them cannot be read."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from services.base.errors import BadShard
from services.base.store.interface import ReadableStore
from services.base.store.open import open_store
from services.training.data.records.clip_index import ClipIndex, Damage
from services.training.data.records.indexing import index_name, open_index, wait_for_index
from services.training.data.records.local_copy import LocalCopy
from services.training.data.records.made_by import MakingRun, making_run
from services.training.data.records.record_files import FilesInBucket, FilesOnDisk, RecordFiles
from services.training.data.records.shards import SPLITS, Shard, shards_of

CACHE_FOLDER = Path(tempfile.gettempdir()) / "visemill-records"
"""Of this machine, for what is kept of a bucket."""


@dataclass(frozen=True)
class RecordsSettings:
    """How records are opened. Raises ValueError for what cannot be.

    state_root: where the index is kept. cache_folder: on this machine, for what is kept of a bucket, of which cache_mib
    are. max_failures: records that cannot be read before the training is refused. makes_index: whether the index is
    made here where there is none; else it is waited for until another process has it.
    """

    state_root: str
    cache_folder: Path = CACHE_FOLDER
    cache_mib: int = 4096
    max_failures: int = 0
    makes_index: bool = True

    def __post_init__(self) -> None:
        if self.max_failures < 0 or self.cache_mib < 0:
            raise ValueError(f"max_failures {self.max_failures} and cache_mib {self.cache_mib} are 0 or more")


@dataclass(frozen=True)
class OpenedRecords:
    """run: that made them; None where no run did."""

    data: ReadableStore
    shards: tuple[Shard, ...]
    index: ClipIndex
    files: RecordFiles
    run: MakingRun | None

    @property
    def digest(self) -> str:
        """The run's where one has made the data and all of them can be read; else that of the files."""
        if self.run is not None and not self.index.damages:
            return self.run.digest
        return self.index.digest

    def key_of(self, damage: Damage) -> str:
        """What a record that cannot be read is called."""
        return f"{self.index.files[damage.file].name}#{damage.position}"

    def require_readable(self, max_failures: int) -> None:
        """Raises BadShard TOO_MANY_FAILURES."""
        num_lost = 0
        for damage in self.index.damages:
            file = self.index.files[damage.file]
            num_lost += 1
            if damage.ends_file and self.run is not None:
                # Only the run knows how many it hides.
                written = self.run.written.get(file.name, {}).get("num_records", file.num_records)
                num_lost += max(0, int(written) - file.num_records)
        if num_lost > max_failures:
            first = self.index.damages[0]
            raise BadShard(
                "TOO_MANY_FAILURES",
                f"{num_lost} or more records in {self.data.uri} cannot be read, over --max-bad-records "
                f"{max_failures}; the first: {first.message}",
            )


def open_records(data: ReadableStore, settings: RecordsSettings) -> OpenedRecords:
    """Raises BadConfig NO_TRAIN_CLIPS, SHARDS_MISSING, SHARDS_OF_TWO_RUNS, DATA_CHANGED, NOT_FINISHED; BadShard
    TOO_MANY_FAILURES; or as the stores do.
    """
    run = making_run(data)
    shards = shards_of((entry for split in SPLITS for entry in data.list(f"{split}-")), data.uri)
    folder = settings.cache_folder / index_name(shards).replace("/", "-").removesuffix(".arrow")
    copy = LocalCopy(folder, settings.cache_mib << 20)
    is_bucket = data.local_path(shards[0].name) is None
    state = open_store(settings.state_root)
    if settings.makes_index:
        index = open_index(data, shards, state, settings.cache_folder, copy.add if is_bucket else None)
    else:
        index = wait_for_index(data, shards, state, settings.cache_folder)
    files: RecordFiles = FilesInBucket(index, data, shards, copy) if is_bucket else FilesOnDisk(index, data, shards)
    if run is not None:
        run.check(index, data.uri)
    opened = OpenedRecords(data, shards, index, files, run)
    opened.require_readable(settings.max_failures)
    return opened
