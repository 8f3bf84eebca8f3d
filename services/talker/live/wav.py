"""A sound on standard input: raw samples, or a WAV, whose length nobody knows yet."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from services.base.errors import BadInput

RAW_RATE_HZ = 16_000
_PIECE_BYTES = 3_200
_PCM, _EXTENSIBLE = 1, 0xFFFE


def read_pcm(file: BinaryIO) -> tuple[int, Iterator[bytes]]:
    """(samples a second; int16 little-endian in pieces, as they come) of a WAV of one channel of 16 bits, or of raw
    samples at 16 kHz. file: as `sys.stdin.buffer.raw` gives it, a read at a time. Raises BadInput BAD_WAV.
    """
    head = _exactly(file, 12)
    if head[:4] != b"RIFF":
        return RAW_RATE_HZ, _pieces(file, head)
    if head[8:] != b"WAVE":
        raise _bad(f"its form is {head[8:]!r}")
    rate_hz = 0
    while True:
        name, size = struct.unpack("<4sI", _required(file, 8))
        if name == b"data":
            if not rate_hz:
                raise _bad("its samples come before their format")
            # Of a stream the size is a guess, such as 0 or all ones: samples are what comes.
            return rate_hz, _pieces(file, b"")
        if size > 1 << 16:
            raise _bad(f"its chunk {name!r} has {size} bytes")
        body = _required(file, size + size % 2)
        if name == b"fmt ":
            kind, num_channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", body[:16].ljust(16, b"\0"))
            if kind not in (_PCM, _EXTENSIBLE) or (num_channels, bits) != (1, 16):
                raise _bad(f"it has {num_channels} channels of {bits} bits, in format {kind}")


def _pieces(file: BinaryIO, head: bytes) -> Iterator[bytes]:
    if head:
        yield head
    while piece := file.read(_PIECE_BYTES):
        yield piece


def _exactly(file: BinaryIO, num_bytes: int) -> bytes:
    """Fewer at the end alone."""
    held = b""
    while len(held) < num_bytes and (piece := file.read(num_bytes - len(held))):
        held += piece
    return held


def _required(file: BinaryIO, num_bytes: int) -> bytes:
    found = _exactly(file, num_bytes)
    if len(found) < num_bytes:
        raise _bad("it ends before its samples")
    return found


def _bad(what: str) -> BadInput:
    return BadInput(
        "BAD_WAV", f"standard input is a WAV that cannot be spoken, {what}: give PCM of one channel, 16 bits"
    )
