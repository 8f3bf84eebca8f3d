"""I/O: frames of any clip, straight from where they lie in their record: on a disk, or in a bucket."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Protocol

from services.base.errors import BadConfig, BadInput
from services.base.media.arrays import UInt8Array
from services.base.store.interface import ReadableStore
from services.formats.tfrecord import masked_crc32c
from services.training.data.records.clip_index import ClipIndex
from services.training.data.records.local_copy import LocalCopy
from services.training.data.records.shards import Shard


class RecordFiles(Protocol):
    """Thread-safe."""

    def read(self, clip: int, first_frame: int, out_THWC: UInt8Array) -> None:
        """Frames of the clip at that place of the index, from first_frame on, as many as there is room for. out_THWC:
        contiguous. Raises BadInput CORRUPT_RECORD for a record that is not what was indexed, in a file that was not
        touched since; BadConfig DATA_CHANGED for one that was; Transient.
        """
        ...


def _frame_bytes(index: ClipIndex, clip: int) -> int:
    _, h, w, c = index.shape_N4[clip].tolist()
    return int(h * w * c)


class FilesOnDisk:
    """Read, not mapped: where a file is cut meanwhile, a read says so and a mapping would end the process. A record's
    checksum is verified when this process reads it first.
    """

    def __init__(self, index: ClipIndex, data: ReadableStore, shards: tuple[Shard, ...]) -> None:
        self._index = index
        self._uri = data.uri
        self._shards = shards
        # A disk's; a file that is gone has none.
        self._paths = [data.local_path(shard.name) for shard in shards]
        self._is_verified = bytearray(len(index))

    def read(self, clip: int, first_frame: int, out_THWC: UInt8Array) -> None:
        """As RecordFiles."""
        file = int(self._index.file_N[clip])
        offset = int(self._index.frames_at_N[clip]) + first_frame * _frame_bytes(self._index, clip)
        shard, path = self._shards[file], self._paths[file]
        descriptor = -1
        try:
            if path is None:
                raise FileNotFoundError(shard.name)
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            status = os.fstat(descriptor)
            if (status.st_size, str(status.st_mtime_ns)) != (shard.size_bytes, shard.version):
                raise OSError("it has another size or time than it had")
            self._verify(descriptor, clip, shard.name)
            read_into(descriptor, offset, out_THWC)
        except OSError as error:
            if error.errno == errno.EIO:
                raise corrupt(shard.name, self._uri, self._index, clip, str(error)) from error
            raise changed(shard.name, self._uri, str(error)) from error
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _verify(self, descriptor: int, clip: int, name: str) -> None:
        """Raises BadInput CORRUPT_RECORD, OSError."""
        if self._is_verified[clip]:
            return
        size_bytes = int(self._index.payload_bytes_N[clip])
        payload = os.pread(descriptor, size_bytes, int(self._index.payload_at_N[clip]))
        if len(payload) != size_bytes or masked_crc32c(payload) != int(self._index.crc32c_N[clip]):
            raise corrupt(name, self._uri, self._index, clip, "its checksum is another")
        self._is_verified[clip] = 1


class FilesInBucket:
    """A record is read whole and its checksum verified, unless it is in the local copy."""

    def __init__(self, index: ClipIndex, data: ReadableStore, shards: tuple[Shard, ...], copy: LocalCopy) -> None:
        self._index, self._data, self._shards, self._copy = index, data, shards, copy

    def read(self, clip: int, first_frame: int, out_THWC: UInt8Array) -> None:
        """As RecordFiles."""
        index = self._index
        name = index.files[int(index.file_N[clip])].name
        payload_at, size_bytes = int(index.payload_at_N[clip]), int(index.payload_bytes_N[clip])
        start = int(index.frames_at_N[clip]) - payload_at + first_frame * _frame_bytes(index, clip)
        if _read_file(self._copy.path(name, payload_at), start, out_THWC):
            return
        try:
            payload = self._data.read(name, payload_at, size_bytes)
        except BadInput as error:
            raise changed(name, self._data.uri, error.message) from error
        if len(payload) != size_bytes or masked_crc32c(payload) != int(index.crc32c_N[clip]):
            self._check_version(int(index.file_N[clip]))
            raise corrupt(name, self._data.uri, index, clip, "its checksum is another")
        self._copy.add(name, payload_at, payload)
        out_THWC.reshape(-1).data[:] = memoryview(payload)[start : start + out_THWC.nbytes]

    def _check_version(self, file: int) -> None:
        """Raises BadConfig DATA_CHANGED."""
        shard = self._shards[file]
        entry = self._data.stat(shard.name)
        if entry is None or (entry.size_bytes, entry.version) != (shard.size_bytes, shard.version):
            raise changed(shard.name, self._data.uri, "it is another version than it was")


def _read_file(path: Path, offset: int, out_THWC: UInt8Array) -> bool:
    """Whether the file is there and holds them."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        read_into(descriptor, offset, out_THWC)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def read_into(descriptor: int, offset: int, out_THWC: UInt8Array) -> None:
    """Fills the array from there on. Raises OSError, also where the file ends before."""
    view = out_THWC.reshape(-1).data
    while view:
        num_bytes = os.preadv(descriptor, [view], offset)
        if not num_bytes:
            raise OSError("it ends before the record does")
        view, offset = view[num_bytes:], offset + num_bytes


def corrupt(name: str, uri: str, index: ClipIndex, clip: int, what: str) -> BadInput:
    """BadInput CORRUPT_RECORD for a record that is not what was indexed."""
    return BadInput(
        "CORRUPT_RECORD",
        f"the record at byte {int(index.payload_at_N[clip])} of {name} in {uri} is not what was indexed ({what}): "
        "restore the file, or raise --max-bad-records to go on without it",
    )


def changed(name: str, uri: str, what: str) -> BadConfig:
    """BadConfig DATA_CHANGED for a file that is not what was indexed."""
    return BadConfig(
        "DATA_CHANGED",
        f"{name} in {uri} was changed since the training began ({what}): leave the data alone while it is read, and "
        "resume; where its contents are others, begin a new training",
    )
