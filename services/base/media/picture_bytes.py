"""Whether the bytes of a picture are one whole JPEG or PNG, and its size: so much is read of it, and no pixel. Pure.

What is whole ends where it says, so pictures one behind the other come apart again exactly where they were joined.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_JPEG_START, _JPEG_END = 0xD8, 0xD9
# 0xFF followed by 0 is a byte of pixels; D0 to D7 come between pixels; more 0xFF are filling.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_START_OF_SCAN = 0xDA
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PNG_START = b"\x89PNG\r\n\x1a\n"
_MAX_SEGMENTS = 100_000


class PictureSize(NamedTuple):
    """In pixels, as coded."""

    width_px: int
    height_px: int


def picture_size(kind: str, data: bytes) -> PictureSize:
    """Of one whole picture of that kind, jpeg or png. Raises ValueError, whose words follow the picture's name."""
    return _jpeg_size(data) if kind == "jpeg" else _png_size(data)


def _jpeg_size(data: bytes) -> PictureSize:
    if data[:3] != b"\xff\xd8\xff":
        raise ValueError("is no JPEG")
    at, size = 2, None
    for _ in range(_MAX_SEGMENTS):
        # Between segments a marker is due; anything else there is skipped, as decoders do.
        found = _MARKER.search(data, at)
        if found is None:
            raise ValueError("breaks off before its end")
        marker, at = found[1][0], found.end()
        if marker == _JPEG_END:
            if size is None:
                raise ValueError("holds no picture")
            if b"\xff\xd8\xff" in data[at:]:
                raise ValueError("holds more than one picture")
            return size
        if marker == _JPEG_START:
            raise ValueError("breaks off where another picture begins")
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2 or at + length > len(data):
            raise ValueError("breaks off before its end")
        if marker in _SIZES:
            height_px, width_px = (int.from_bytes(data[at + i : at + i + 2], "big") for i in (3, 5))
            size = PictureSize(width_px, height_px)
        at += length
    raise ValueError(f"has over {_MAX_SEGMENTS} segments")


def _png_size(data: bytes) -> PictureSize:
    if data[:8] != _PNG_START or data[12:16] != b"IHDR" or len(data) < 33:
        raise ValueError("is no PNG")
    size = PictureSize(int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
    at = len(_PNG_START)
    for _ in range(_MAX_SEGMENTS):
        name, after = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if len(name) < 4 or after > len(data):
            raise ValueError("breaks off before its end")
        at = after
        if name == b"IEND":
            if at < len(data):
                raise ValueError(f"has {len(data) - at} bytes behind its end")
            return size
    raise ValueError(f"has over {_MAX_SEGMENTS} chunks")
