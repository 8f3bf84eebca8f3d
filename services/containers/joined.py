"""Recordings that were put one behind the other in a file of a kind whose readers stop after the first one.

Matroska, AVI, MPEG streams and GIF are read on by FFmpeg. Of MP4, FLV and ASF the second recording is not: it is found
here by its head, and its frames are counted, so that they are not lost without a word.
"""

from __future__ import annotations

import io
import os
from typing import BinaryIO

import av
import av.error

_ASF_HEAD, _FLV_HEAD = 16, 13
_BLOCK = 4 << 20
# More recordings, and more packets of one, are not counted.
_MAX_JOINED, _MAX_PACKETS = 100, 200_000
_MAX_ATOMS = 10_000


def joined_at(file: BinaryIO, format_name: str) -> list[int]:
    """Where in the file further recordings begin, at most 100. The file's position is moved.

    format_name: as FFmpeg has it. Empty for kinds that are read to their end.
    """
    names = format_name.split(",")
    if "mp4" in names:
        return _atoms_of_a_head(file)
    head_bytes = {"flv": _FLV_HEAD, "asf": _ASF_HEAD}.get(names[0])
    return _same_heads(file, head_bytes) if head_bytes else []


def num_packets_from(file: BinaryIO, start: int, stop: int, container_options: dict[str, str]) -> int:
    """Packets of the first video stream of the recording between two places of the file; 0 where it does not open."""
    try:
        with av.open(_Part(file, start, stop), container_options=container_options) as container:
            if not container.streams.video:
                return 0
            num_packets = 0
            for packet in container.demux(container.streams.video[0]):
                num_packets += packet.size > 0
                if num_packets >= _MAX_PACKETS:
                    break
            return num_packets
    except (av.error.FFmpegError, OSError, ValueError):
        return 0


def size_of(file: BinaryIO) -> int:
    """Its bytes; the position is moved to their end."""
    return file.seek(0, os.SEEK_END)


def _atoms_of_a_head(file: BinaryIO) -> list[int]:
    """Places of `ftyp` atoms behind the first, found by going from atom to atom."""
    found: list[int] = []
    at, size = 0, size_of(file)
    for _ in range(_MAX_ATOMS):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or len(found) >= _MAX_JOINED:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:], "big")
        if head[4:8] == b"ftyp" and at > 0:
            found.append(at)
        if length < 8 or at + length > size:
            break
        at += length
    return found


def _same_heads(file: BinaryIO, num_bytes: int) -> list[int]:
    """Places where the file's first bytes stand again."""
    file.seek(0)
    found: list[int] = []
    head, before, at = file.read(num_bytes), b"", 0
    file.seek(0)
    while (block := file.read(_BLOCK)) and len(found) < _MAX_JOINED:
        data = before + block
        place = data.find(head)
        while place >= 0:
            if at - len(before) + place > 0:
                found.append(at - len(before) + place)
            place = data.find(head, place + 1)
        at += len(block)
        before = data[-(num_bytes - 1) :]
    return found[:_MAX_JOINED]


class _Part(io.RawIOBase):
    """A stretch of a file as a file of its own, without a name."""

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        self._file, self._start, self._size = file, start, stop - start
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        left = self._size - self._at
        self._file.seek(self._start + self._at)
        data = self._file.read(left if size < 0 else max(0, min(size, left)))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at
