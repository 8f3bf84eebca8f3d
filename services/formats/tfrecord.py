"""The TFRecord file format without TensorFlow: length, its masked crc32c, payload, its masked crc32c.

Source: https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import google_crc32c

from services.base.errors import BadInput

_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")
_HEADER_BYTES = _LENGTH.size + _CRC.size
_MASK_DELTA = 0xA282EAD8


class CorruptRecord(BadInput):
    """A checksum does not match: the file was changed, or this is no TFRecord file."""


class TornRecord(BadInput):
    """The file ends inside a record: whoever wrote it was stopped."""


class Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


@runtime_checkable
class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def masked_crc32c(data: bytes) -> int:
    """crc32c turned right by 15 bits, plus a constant: a checksum that may itself be checksummed."""
    return _masked(google_crc32c.value(data))


def _masked(crc: int) -> int:
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def write_record(sink: Writable, payload: bytes) -> None:
    """Appends one record without copying the payload."""
    write_record_in_pieces(sink, len(payload), (payload,))


def write_record_in_pieces(sink: Writable, size_bytes: int, pieces: Iterable[bytes]) -> None:
    """Appends one record, whose payload comes in pieces; its length stands before it. Raises ValueError for pieces of
    another size together: the sink is to be aborted then.
    """
    length = _LENGTH.pack(size_bytes)
    sink.write(length + _CRC.pack(masked_crc32c(length)))
    crc = num_written = 0
    for piece in pieces:
        sink.write(piece)
        crc = google_crc32c.extend(crc, piece)
        num_written += len(piece)
    if num_written != size_bytes:
        raise ValueError(f"a record of {size_bytes} bytes came in pieces of {num_written}")
    sink.write(_CRC.pack(_masked(crc)))


class FoundRecord(NamedTuple):
    """A record of a file. offset_bytes: of its payload in the file. error: why it is none; then payload is empty.
    hides_rest: where the next record would begin cannot be told.
    """

    offset_bytes: int
    payload: bytes
    error: CorruptRecord | TornRecord | None = None
    hides_rest: bool = False


def read_records(source: Readable | Iterable[bytes]) -> Iterator[bytes]:
    """Payloads in order, both checksums verified. source: a binary file, or chunks of one in any sizes.

    Raises CorruptRecord where a checksum does not match, TornRecord where the bytes end inside a record.
    """
    for found in find_records(source):
        if found.error is not None:
            raise found.error
        yield found.payload


def find_records(source: Readable | Iterable[bytes]) -> Iterator[FoundRecord]:
    """Records in order, both checksums verified, damaged ones among them.

    After a payload that is damaged comes the next record. Where a length is, or the bytes end inside a record, nothing
    more can be found: then this one is the last.
    """
    take = source if isinstance(source, Readable) else _Chunks(source)
    offset = 0
    error: CorruptRecord | TornRecord | None
    while header := _read_fully(take, _HEADER_BYTES):
        start = offset + _HEADER_BYTES
        if len(header) < _HEADER_BYTES:
            yield FoundRecord(start, b"", _torn(offset, len(header), _HEADER_BYTES), hides_rest=True)
            return
        if error := _difference(header[: _LENGTH.size], header[_LENGTH.size :], offset, "length"):
            yield FoundRecord(start, b"", error, hides_rest=True)
            return
        (num_bytes,) = _LENGTH.unpack_from(header)
        payload = _read_fully(take, num_bytes)
        footer = _read_fully(take, _CRC.size) if len(payload) == num_bytes else b""
        if len(footer) < _CRC.size:
            found = _HEADER_BYTES + len(payload) + len(footer)
            error = _torn(offset, found, _HEADER_BYTES + num_bytes + _CRC.size)
            yield FoundRecord(start, b"", error, hides_rest=True)
            return
        error = _difference(payload, footer, offset, "payload")
        yield FoundRecord(start, b"" if error else payload, error)
        offset += _HEADER_BYTES + num_bytes + _CRC.size


def _difference(data: bytes, stored: bytes, offset: int, what: str) -> CorruptRecord | None:
    found, expected = masked_crc32c(data), _CRC.unpack(stored)[0]
    if found == expected:
        return None
    return CorruptRecord(
        "CORRUPT_RECORD",
        f"the {what} of the record at byte {offset} has crc32c {found:#010x}, and {expected:#010x} is stored: "
        "copy the file again, or write its shard again; if it is compressed, decompress it first",
    )


def _torn(offset: int, found: int, expected: int) -> TornRecord:
    return TornRecord(
        "TORN_RECORD",
        f"the record at byte {offset} holds {found} of {expected} bytes, then the file ends: write its shard again",
    )


def _read_fully(take: Readable, size: int) -> bytes:
    """Up to size bytes, fewer only at the end; an unbuffered file may give less at a time."""
    data = take.read(size)
    if len(data) == size or not data:
        return data
    pieces = [data]
    missing = size - len(data)
    while missing and (data := take.read(missing)):
        pieces.append(data)
        missing -= len(data)
    return b"".join(pieces)


class _Chunks:
    """Chunks of any size, read like a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._chunk = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        while not self._chunk and size:
            piece = next(self._chunks, None)
            if piece is None:
                return b""
            self._chunk = memoryview(piece)
        taken, self._chunk = self._chunk[:size], self._chunk[size:]
        return bytes(taken)
