"""The faults that a real corpus has, made on purpose: what `--broken` adds to the first speaker."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from services.base.media.arrays import UInt8Array
from services.corpus.alignment import align_text
from services.corpus.clip import Take
from services.corpus.drawing.frames import Actor
from services.corpus.drawing.paint import noise
from services.corpus.encode import encode_clip

NUM_GREY_FRAMES = 12
HUGE_PX = 20_000

_KEPT_SHARE = 0.4
_BLOCK_PX = 16


@dataclass(frozen=True)
class Fault:
    """One bad sample. media, align: what makes the file's bytes, None where the file is missing.

    what: for people. reason: the code that a run is expected to give: of an error, or of a quality flag.
    """

    what: str
    reason: str
    media: Callable[[Actor, Take], bytes] | None
    align: Callable[[Take], bytes] | None


def align_of(take: Take) -> bytes:
    """The alignment as it should be."""
    return align_text(take.rows)


def _good(actor: Actor, take: Take) -> bytes:
    return take.media(actor)


def _constant(data: bytes, _actor: Actor, _take: Take) -> bytes:
    return data


def _truncated(actor: Actor, take: Take) -> bytes:
    whole = take.media(actor)
    return whole[: round(len(whole) * _KEPT_SHARE)]


def _grey(actor: Actor, take: Take) -> bytes:
    return encode_clip(grey_frames(list(take.frames(actor)), take.seed), take.samples(actor))


def _bad_row(take: Take) -> bytes:
    lines = align_of(take).decode().splitlines()
    start, _, token = lines[3].split()
    return "".join(f"{line}\n" for line in [*lines[:3], f"{start} soon {token}", *lines[4:]]).encode()


def grey_frames(frames: Sequence[UInt8Array], seed: str) -> list[UInt8Array]:
    """The frames with the first NUM_GREY_FRAMES as a decoder shows them that never got the first picture.

    Flat grey, on it the edges of what moved, and here and there a block that was sent anew.
    """
    height, width = frames[0].shape[:2]
    when_HW = noise(f"blocks:{seed}", (-(-height // _BLOCK_PX), -(-width // _BLOCK_PX)))
    when_HW = np.kron(when_HW, np.ones((_BLOCK_PX, _BLOCK_PX), np.float32))[:height, :width]
    spoiled = []
    for index, frame_HWC in enumerate(frames[:NUM_GREY_FRAMES]):
        shown = frame_HWC.astype(np.float32)
        edges = (shown - cv2.GaussianBlur(shown, (0, 0), 3.0)).mean(2, keepdims=True)
        grey = 128 + edges * np.float32(min(index, 5) / 20)
        anew = when_HW[..., None] > 1 - 0.02 * index
        spoiled.append(np.clip(np.rint(np.where(anew, shown, grey)), 0, 255).astype(np.uint8))
    return [*spoiled, *frames[NUM_GREY_FRAMES:]]


def huge_header() -> bytes:
    """An AVI file of a few hundred bytes that claims one picture of 20,000 x 20,000 px in Motion JPEG."""
    main = struct.pack("<14I", 40_000, 0, 0, 0x10, 1, 0, 1, 4096, HUGE_PX, HUGE_PX, 0, 0, 0, 0)
    stream = struct.pack("<4s4sIHHIIIIIIIIhhhh", b"vids", b"MJPG", 0, 0, 0, 0, 1, 25, 0, 1, 4096, 0, 0, 0, 0, 0, 0)
    bitmap = struct.pack("<IiiHH4sIiiII", 40, HUGE_PX, HUGE_PX, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    # A JPEG's start, its frame header with the same size, and its end: no picture.
    frame_header = struct.pack(">HHBHHB", 0xFFC0, 17, 8, HUGE_PX, HUGE_PX, 3)
    components = bytes((1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1))
    picture = b"\xff\xd8" + frame_header + components + b"\xff\xd9"
    header = _list(b"hdrl", _chunk(b"avih", main) + _list(b"strl", _chunk(b"strh", stream) + _chunk(b"strf", bitmap)))
    movie = _list(b"movi", _chunk(b"00dc", picture))
    index = _chunk(b"idx1", struct.pack("<4sIII", b"00dc", 0x10, 4, len(picture)))
    return _chunk(b"RIFF", b"AVI " + header + movie + index)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _list(kind: bytes, body: bytes) -> bytes:
    return _chunk(b"LIST", kind + body)


_TEXT = b"This is a note that somebody saved under the name of a clip.\n"

FAULTS: tuple[Fault, ...] = (
    Fault("the clip holds no bytes", "EMPTY_FILE", partial(_constant, b""), align_of),
    Fault("the clip is a text file", "OPEN_FAILED", partial(_constant, _TEXT), align_of),
    Fault("the clip is cut off after two fifths of its bytes", "SHORT_CLIP", _truncated, align_of),
    Fault("the clip has no alignment", "MISSING_ALIGN", _good, None),
    Fault("the alignment has no clip", "MISSING_MEDIA", None, align_of),
    Fault("the alignment's fourth row has a word for a time", "BAD_ALIGN", _good, _bad_row),
    Fault(
        f"the clip's header claims {HUGE_PX} x {HUGE_PX} pixels",
        "TOO_MANY_PIXELS",
        partial(_constant, huge_header()),
        align_of,
    ),
    Fault(f"the clip's first {NUM_GREY_FRAMES} frames are grey", "GREY_FRAMES", _grey, align_of),
)
