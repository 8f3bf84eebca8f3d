"""Where the products of a shard go: a writer over sinks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from services.base.media.clip import Clip
from services.base.stage.product import ProductFile


class BinarySink(Protocol):
    """Where a file's bytes go. Closing publishes the file; aborting leaves nothing of it, closed or not."""

    def write(self, data: bytes | memoryview, /) -> object: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


@dataclass(frozen=True)
class WrittenFile:
    """One file of a shard, closed. name: below the output root."""

    name: str
    num_records: int


class ShardWriter(Protocol):
    """What a last stage's `StageSpec.writer(config, shard, num_shards, create)` returns: products in, files out."""

    def add(self, clip: Clip, files: Iterable[ProductFile]) -> None:
        """Packs the files of a clip's product, in the order of the calls, pieces as they come.

        What going through files raises is raised on, and then nothing of the clip is left: the same clip may be added
        again, and others after it.
        """
        ...

    def close(self) -> list[WrittenFile]:
        """Closes every sink and tells what was written, by name. Nothing can be added after."""
        ...

    def abort(self) -> None:
        """Aborts every sink that is open; harmless after close, or twice."""
        ...


def files_writer(
    name_of: Callable[[str, str], str],
) -> Callable[[Any, int, int, Callable[[str], BinarySink]], ShardWriter]:
    """A `StageSpec.writer` whose shard has the files of its clips' products, each made when its clip comes.

    name_of: (clip's output name, which planning put into its utterance id; file of its product) -> the output file.
    What is made of it is called as every last stage's writer is, and does without its config; it raises ValueError for
    a shard out of range.
    """

    def name(clip: Clip, file: str) -> str:
        return name_of(clip.utterance_id, file)

    def open_writer(
        config: Any,  # noqa: ARG001
        shard_index: int,
        num_shards: int,
        create: Callable[[str], BinarySink],
    ) -> FilesWriter:
        if not 0 <= shard_index < num_shards:
            raise ValueError(f"shard must be 0..{num_shards - 1}, not {shard_index}")
        return FilesWriter(create, name)

    return open_writer


class FilesWriter:
    """A ShardWriter that makes an output file of each file of a product: an npz a clip, or a folder of files a clip."""

    def __init__(self, create: Callable[[str], BinarySink], name_of: Callable[[Clip, str], str]) -> None:
        """name_of: (clip, name of a file of its product) -> the output file."""
        self._create = create
        self._name_of = name_of
        self._names: set[str] = set()
        self._is_open = True

    def add(self, clip: Clip, files: Iterable[ProductFile]) -> None:
        """Writes the clip's files. Raises ValueError after close or abort, or for a name written before."""
        if not self._is_open:
            raise ValueError("the shard's files are closed: nothing can be added")
        made: dict[str, BinarySink] = {}
        try:
            for file in files:
                name = self._name_of(clip, file.name)
                if name in self._names or name in made:
                    raise ValueError(f"{clip.key}: {name} was written before; output names must differ")
                made[name] = sink = self._create(name)
                for piece in file.pieces:
                    sink.write(piece)
                sink.close()
        except BaseException:
            while made:
                made.popitem()[1].abort()
            raise
        self._names.update(made)

    def close(self) -> list[WrittenFile]:
        self._is_open = False
        return [WrittenFile(name, 1) for name in sorted(self._names)]

    def abort(self) -> None:
        """Nothing is open between two clips; what was closed waits unseen until the shard is committed."""
        self._is_open = False
