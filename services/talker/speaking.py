"""A person's frames with the mouth that a sound asks for, one after another: only a few are held at a time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.lips.talker_crop import crop
from services.lips.talker_input import face_in
from services.lips.talker_pasting import paste
from services.talker.network import Paint
from services.talker.person import PersonFrames

BATCH = 4
"""Frames that are painted at once."""


@dataclass(frozen=True)
class Spoken:
    """A finished frame. frame_HWC: uint8 BGR. painted_SSC: what the network gave of the face. source: number of the
    person's frame. as_before_SSC: likewise for the sound of the frame before, where that was asked for.
    """

    frame_HWC: UInt8Array
    painted_SSC: UInt8Array
    source: int
    as_before_SSC: UInt8Array | None = None


@dataclass
class Seconds:
    """How long the parts of it took."""

    read: float = 0.0
    network: float = 0.0
    paste: float = 0.0
    encode: float = 0.0

    def shares(self) -> dict[str, float]:
        """Of all of it."""
        total = self.read + self.network + self.paste + self.encode
        parts = {"read": self.read, "network": self.network, "paste": self.paste, "encode": self.encode}
        return {name: round(seconds / total, 3) if total else 0.0 for name, seconds in parts.items()}


@dataclass
class Speaker:
    """A person, and the network of his head. crop_px: side of its crops."""

    person: PersonFrames
    paint: Paint
    crop_px: int
    blend: str = "feather"
    seconds: Seconds = field(default_factory=Seconds)

    def frames(
        self,
        sources: Iterable[int],
        sounds: Iterable[Float32Array],
        batch: int = BATCH,
        compared: Container[int] = (),
    ) -> Iterator[Spoken]:
        """A frame for each sound, float32 [C, H, W]. sources: numbers of the person's usable frames, at least as many.
        batch: frames that are painted at once, of which a later one's sound is waited for. compared: frames of the
        film, from 1 on, whose face is painted for the sound of the frame before, too.

        Raises BadInput BAD_PICTURE, OTHER_PICTURES.
        """
        pairs = zip(sounds, sources, strict=False)
        first, before_CHW = 0, np.empty(0, np.float32)
        while some := list(itertools.islice(pairs, batch)):
            began_s = time.perf_counter()
            frames = [self.person.frame(source) for _, source in some]
            # As the original: linear where it learns, cubic here.
            crops = [
                crop(frame_HWC, self.person.box(source), self.crop_px, cv2.INTER_CUBIC)
                for frame_HWC, (_, source) in zip(frames, some, strict=True)
            ]
            faces_BSSC = np.stack([face_in(one) for one in crops])
            read_s = time.perf_counter()
            sounds_BCHW = np.stack([sound for sound, _ in some])
            painted_BSSC = self.paint(faces_BSSC, faces_BSSC, sounds_BCHW)
            again = [place for place in range(len(some)) if first + place in compared]
            as_before: dict[int, UInt8Array] = {}
            if again:
                earlier = [before_CHW, *sounds_BCHW]
                earlier_BCHW = np.stack([earlier[place] for place in again])
                as_before = dict(
                    zip(again, self.paint(faces_BSSC[again], faces_BSSC[again], earlier_BCHW), strict=True)
                )
            first, before_CHW = first + len(some), sounds_BCHW[-1]
            painted_s = time.perf_counter()
            self.seconds.read += read_s - began_s
            self.seconds.network += painted_s - read_s
            for place, (frame_HWC, crop_HWC, painted_SSC, (_, source)) in enumerate(
                zip(frames, crops, painted_BSSC, some, strict=True)
            ):
                paste_s = time.perf_counter()
                paste(frame_HWC, self.person.box(source), crop_HWC, painted_SSC, self.blend)
                self.seconds.paste += time.perf_counter() - paste_s
                yield Spoken(frame_HWC, painted_SSC, source, as_before.get(place))
