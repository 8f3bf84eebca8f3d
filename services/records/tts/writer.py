"""The files of one shard: four arrays a clip, an Arrow file of them all, or both. Imports no media library."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from services.base.media.clip import Clip
from services.base.stage.product import ProductFile
from services.base.stage.spec import ByName
from services.base.stage.writer import BinarySink, FilesWriter, ShardWriter, WrittenFile
from services.formats.npy import decode_npy
from services.records.tts.names import FILES, NPY, arrow_file, output_name
from services.records.tts.spec import TtsFilesConfig

# Imported where there are Arrow files: without them pyarrow would only take room in the worker.
_ARROW_WRITER, _ROW = ByName("services.records.tts.arrow:ArrowWriter"), ByName("services.records.tts.arrow:Row")


def open_writer(
    config: TtsFilesConfig, shard_index: int, num_shards: int, create: Callable[[str], BinarySink]
) -> ShardWriter:
    """A writer that makes each file by `create` when its clip comes, the Arrow file when the first clip does.

    Raises ValueError for a shard out of range.
    """
    if not 0 <= shard_index < num_shards:
        raise ValueError(f"shard must be 0..{num_shards - 1}, not {shard_index}")
    files = FilesWriter(create, _name) if config.storage != "arrow" else None
    if config.storage == "npy" and files is not None:
        return files
    return ArrowShardWriter(arrow_file(shard_index, num_shards), create, files)


def _name(clip: Clip, file: str) -> str:
    return output_name(clip.utterance_id, file)


class ArrowShardWriter:
    """A ShardWriter of one Arrow file, and of four arrays a clip beside it where it is given their writer."""

    def __init__(self, name: str, create: Callable[[str], BinarySink], files: FilesWriter | None) -> None:
        self._name, self._files = name, files
        self._rows: Any = _ARROW_WRITER(lambda: create(name))
        self._is_open = True

    def add(self, clip: Clip, files: Iterable[ProductFile]) -> None:
        """Takes the clip's files whole, 200 kB in all, and then appends its row.

        Raises ValueError for a product that lacks one of the four files, or after close or abort; BadInput BAD_NPY for
        one that is no array.
        """
        if not self._is_open:
            raise ValueError("the shard's files are closed: nothing can be added")
        passed = self._pass_on(clip, files)
        if self._files is not None:
            self._files.add(clip, passed)
        else:
            for _ in passed:
                pass

    def _pass_on(self, clip: Clip, files: Iterable[ProductFile]) -> Iterator[ProductFile]:
        """The files, and after the last one the row: where that fails, whoever takes the files drops them."""
        taken: dict[str, bytes] = {}
        for file in files:
            taken[file.name] = b"".join(file.pieces)
            yield ProductFile.of(file.name, taken[file.name], file.media_type)
        if taken.keys() != {*FILES}:
            found = ", ".join(sorted(taken)) or "no file"
            raise ValueError(f"{clip.key}: a product has {', '.join(FILES)}, not {found}")
        arrays = {name.removesuffix(NPY): decode_npy(taken[name]) for name in FILES}
        self._rows.add(_ROW(clip.key, arrays))

    def close(self) -> list[WrittenFile]:
        self._is_open = False
        self._rows.close()
        written = self._files.close() if self._files is not None else []
        if self._rows.num_rows:
            written.append(WrittenFile(self._name, self._rows.num_rows))
        return sorted(written, key=lambda file: file.name)

    def abort(self) -> None:
        self._is_open = False
        self._rows.abort()
        if self._files is not None:
            self._files.abort()
