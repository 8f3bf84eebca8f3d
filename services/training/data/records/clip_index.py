"""The index of a set of TFRecords: where each clip's frames lie, and all that a plan of batches needs of it.

An Arrow file, mapped into memory: opened at once, however many clips it has. Pure, but for the mapping.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from services.base.digest import digest_of
from services.base.errors import BadInput

FORMAT_VERSION = 1
_FACTS = b"visemill.index"


class ClipPlace(NamedTuple):
    """A clip as it lies in a record.

    file: its place among the files. position: of the record in it, from 0. payload_at, payload_bytes: of the record in
    the file. crc32c: of the payload, masked. frames_at: of its frames in the file. shape_THWC: of these. num_frames: of
    them that are not padding. label: class ids. content: 16 bytes, a digest of the frames.
    """

    file: int
    position: int
    payload_at: int
    payload_bytes: int
    crc32c: int
    frames_at: int
    shape_THWC: tuple[int, int, int, int]
    num_frames: int
    label: tuple[int, ...]
    utterance_id: str
    speaker_id: str
    content: bytes


class IndexedFile(NamedTuple):
    """A file as it was read. num_records: found in it, damaged ones among them."""

    name: str
    size_bytes: int
    sha256: str
    num_records: int


class Damage(NamedTuple):
    """A record that cannot be read. ends_file: nor can what comes after it in its file."""

    file: int
    position: int
    reason: str
    message: str
    ends_file: bool


_SCHEMA = pa.schema(
    {
        "file": pa.int32(),
        "position": pa.int32(),
        "payload_at": pa.int64(),
        "payload_bytes": pa.int64(),
        "crc32c": pa.uint32(),
        "frames_at": pa.int64(),
        "shape_THWC": pa.list_(pa.int32(), 4),
        "num_frames": pa.int32(),
        "label": pa.list_(pa.int32()),
        "utterance_id": pa.string(),
        "speaker_id": pa.string(),
        "content": pa.binary(16),
    }
)


def encode_index(clips: Sequence[ClipPlace], files: Sequence[IndexedFile], damages: Sequence[Damage]) -> bytes:
    """The index as bytes; the same ones for the same clips and files."""
    columns = list(zip(*clips, strict=True)) or [()] * len(_SCHEMA)
    batch = pa.RecordBatch.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )
    facts = {"format": FORMAT_VERSION, "files": files, "damages": damages}
    schema = _SCHEMA.with_metadata({_FACTS: json.dumps(facts).encode()})
    out = io.BytesIO()
    with pa.ipc.new_file(out, schema) as writer:
        writer.write_batch(batch.replace_schema_metadata(schema.metadata))
    return out.getvalue()


class ClipIndex:
    """The clips, in columns of equal length; those of numbers are views of the mapped file.

    file_N, position_N, num_frames_N: int32. payload_at_N, payload_bytes_N, frames_at_N: int64. crc32c_N: uint32.
    shape_N4: int32 [N, 4]. content_N: 16 bytes each. Raises BadInput BAD_INDEX for a file that is none.
    """

    def __init__(self, path: Path) -> None:
        try:
            reader = pa.ipc.open_file(pa.memory_map(str(path)))
            facts = json.loads(reader.schema.metadata[_FACTS])
            if facts["format"] != FORMAT_VERSION or not reader.schema.equals(_SCHEMA):
                raise ValueError(f"it is of format {facts['format']}, and {FORMAT_VERSION} is read here")
            self._batch = reader.get_batch(0)
            self.files = tuple(IndexedFile(*file) for file in facts["files"])
            self.damages = tuple(Damage(*damage) for damage in facts["damages"])
        except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
            raise BadInput("BAD_INDEX", f"{path} is no index of clips ({error}): delete it") from error
        self.file_N, self.position_N = self._numbers("file"), self._numbers("position")
        self.payload_at_N, self.payload_bytes_N = self._numbers("payload_at"), self._numbers("payload_bytes")
        self.crc32c_N, self.frames_at_N = self._numbers("crc32c"), self._numbers("frames_at")
        self.num_frames_N = self._numbers("num_frames")
        self.shape_N4 = self._batch.column("shape_THWC").flatten().to_numpy().reshape(-1, 4)

    def _numbers(self, name: str) -> Any:
        return self._batch.column(name).to_numpy()

    def __len__(self) -> int:
        return int(self._batch.num_rows)

    def texts(self, name: str) -> list[str]:
        """utterance_id or speaker_id of each clip."""
        found: list[str] = self._batch.column(name).to_pylist()
        return found

    def labels(self) -> list[list[int]]:
        """Class ids of each clip."""
        found: list[list[int]] = self._batch.column("label").to_pylist()
        return found

    def contents(self) -> list[bytes]:
        """The digest of each clip's frames."""
        found: list[bytes] = self._batch.column("content").to_pylist()
        return found

    @property
    def digest(self) -> str:
        """sha256 (hex) of the names, sizes and contents of the files, and of what of them cannot be read."""
        return digest_of(
            {
                "files": [[file.name, file.size_bytes, file.sha256] for file in self.files],
                "damages": [[damage.file, damage.position, damage.ends_file] for damage in self.damages],
            }
        )
