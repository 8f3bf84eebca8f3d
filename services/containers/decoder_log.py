"""What FFmpeg says while it works on one clip, as a few lines that are the same in every run."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import av.logging

MAX_LINES = 20
MAX_CHARS = 200
NUM_LAST_LINES = 3

_ADDRESS = re.compile(r"(@ )?\b0x[0-9a-fA-F]+\b")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_PICTURE_SIZE = re.compile(r"Picture size (\d+)x(\d+) (?:is invalid|exceeds)")
# A packet is called corrupt when the file ends inside it, except in transport streams, which flag lost packets so.
_BROKE_OFF = re.compile(r"ended prematurely|partial file|^(?!mpegts:)[^ ]+: Packet corrupt")
# What demuxers and decoders say of bytes that they skip, or of frames that they give out as they are or not at all,
# without a flag on any frame.
_DAMAGED = re.compile(
    r"^matroska,webm: .*(invalid as first byte|invalid length|exceeds (containing|max)|beyond end of file|EBML header)"
    r"|^flv: Packet mismatch|^asf: (packet_\w+ |invalid|unexpected|ff asf skip)|^gif: LZW decode failed|CRC mismatch"
    r"|first frame is no keyframe|ignoring overflow|^ogg: .*(cannot find sync word|page at)"
)
# Its warnings are about how it is called, never about the clip.
_NOT_ABOUT_THE_CLIP = frozenset({"swscaler"})


def clean_line(name: str, message: str) -> str:
    """One printable line of at most MAX_CHARS, without addresses (they differ from run to run)."""
    text = _ADDRESS.sub("", message)
    text = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return (f"{name}: {text}" if name else text)[:MAX_CHARS]


class DecoderLog:
    """Warnings and errors of one clip: deduplicated in order of appearance, bounded however much is said.

    FFmpeg is heard only inside `listening`, on the thread that entered it: neither clips nor threads mix.
    largest_refused_px: pixels of the largest picture that FFmpeg would not allocate. broke_off: the file ends too soon.
    damaged: bytes in it are none of its kind, or not those that were written.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._last: deque[str] = deque(maxlen=NUM_LAST_LINES)
        self._num_left_out = 0
        self._captured: list[tuple[int, str, str]] = []
        self.largest_refused_px = 0
        self.broke_off = False
        self.damaged = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Around every call into FFmpeg; not across a yield to other people's code."""
        with _capture() as captured:
            self._captured = captured
            try:
                yield
            finally:
                self.drain()

    def drain(self) -> None:
        """Takes in what was said since the last call, so that a noisy clip holds no memory."""
        for level, name, message in self._captured:
            if level <= av.logging.WARNING and name not in _NOT_ABOUT_THE_CLIP:
                self._add(clean_line(name, message))
        self._captured.clear()

    def note(self, line: str) -> None:
        """A line of our own beside FFmpeg's."""
        self._add(clean_line("decode", line))

    def _add(self, line: str) -> None:
        if match := _PICTURE_SIZE.search(line):
            self.largest_refused_px = max(self.largest_refused_px, int(match[1]) * int(match[2]))
        self.broke_off = self.broke_off or _BROKE_OFF.search(line) is not None
        self.damaged = self.damaged or _DAMAGED.search(line) is not None
        self._last.append(line)
        if line in self._lines:
            return
        if len(self._lines) < MAX_LINES - 1:
            self._lines.append(line)
        else:
            self._num_left_out += 1

    def lines(self) -> tuple[str, ...]:
        """At most MAX_LINES: the first of them, then how many more there were."""
        if not self._num_left_out:
            return tuple(self._lines)
        return (*self._lines, f"decode: and {self._num_left_out} more lines")

    def stderr_tail(self) -> str:
        """The latest lines, whether or not they were said before; empty if FFmpeg said nothing."""
        self.drain()
        return "\n".join(dict.fromkeys(self._last))


def _capture() -> Any:
    # Both are settings of the process that any other user of PyAV may have changed. Left on, the folding of repeated
    # messages reaches from one clip into the next.
    if av.logging.get_level() != av.logging.WARNING:
        av.logging.set_level(av.logging.WARNING)
    av.logging.set_skip_repeated(False)
    return av.logging.Capture()
