"""The files of one shard: a TFRecord file for each split, written even if it stays empty. Imports no media library."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from services.base.media.clip import Clip
from services.base.process.scratch import ScratchFile
from services.base.stage.product import ProductFile
from services.base.stage.writer import BinarySink, WrittenFile
from services.formats.tfrecord import write_record_in_pieces

SPLITS = ("train", "val", "test")

# A record has its length before it, and a file that is being written cannot be cut: a record waits here until it is
# whole. Those of usual settings wait in memory.
_IN_MEMORY_BYTES = 4 << 20


def file_name(split: str, shard: int, num_shards: int) -> str:
    """The name that TFRecord readers glob for, e.g. train-00007-of-00064.tfrecord."""
    return f"{split}-{shard:05d}-of-{num_shards:05d}.tfrecord"


def open_record_shard(shard_index: int, num_shards: int, create: Callable[[str], BinarySink]) -> RecordShardWriter:
    """A writer for the shard's three files, each made at once by `create`.

    Raises ValueError for a shard out of range.
    """
    if not 0 <= shard_index < num_shards:
        raise ValueError(f"shard must be 0..{num_shards - 1}, not {shard_index}")
    return RecordShardWriter({split: file_name(split, shard_index, num_shards) for split in SPLITS}, create)


class RecordShardWriter:
    """A ShardWriter of one TFRecord file a split; a record goes to its clip's."""

    def __init__(self, names: dict[str, str], create: Callable[[str], BinarySink]) -> None:
        self._names = names
        self._num_records = dict.fromkeys(names, 0)
        self._is_open = True
        self._sinks: dict[str, BinarySink] = {}
        try:
            for split, name in names.items():
                self._sinks[split] = create(name)
        except BaseException:
            self.abort()
            raise

    def add(self, clip: Clip, files: Iterable[ProductFile]) -> None:
        """Appends the record that the one file of the product holds, once it is whole.

        Raises ValueError for a clip of no split, for any other number of files, or after close or abort.
        """
        if not self._is_open:
            raise ValueError("the shard's files are closed: nothing can be added")
        if clip.split not in self._sinks:
            raise ValueError(f"{clip.key} is of split {clip.split!r}, and files are for {', '.join(self._sinks)}")
        with ScratchFile("records", _IN_MEMORY_BYTES) as record:
            num_files = 0
            for file in files:
                num_files += 1
                for piece in file.pieces:
                    record.write(piece)
            if num_files != 1:
                raise ValueError(f"{clip.key}: a record is made of one file, not of {num_files}")
            write_record_in_pieces(self._sinks[clip.split], record.size_bytes, record.pieces())
        self._num_records[clip.split] += 1

    def close(self) -> list[WrittenFile]:
        """Closes the three files. When one of them fails, the caller aborts, and that drops the ones still open."""
        for split in tuple(self._sinks):
            self._sinks[split].close()
            del self._sinks[split]
        self._is_open = False
        return sorted(
            (WrittenFile(name, self._num_records[split]) for split, name in self._names.items()), key=lambda f: f.name
        )

    def abort(self) -> None:
        """Aborts the files that are not closed yet; harmless when there are none."""
        self._is_open = False
        while self._sinks:
            self._sinks.popitem()[1].abort()
