"""PURE: pictures of a person that a painted face is shown or measured beside; they need no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from services.base.media.arrays import UInt8Array
from services.training.data.talker.person import Person
from services.training.data.talker.sync_data import face_of
from services.training.data.talker.windows import GAP_FRAMES

_MOST = 50
_EVERY_PX = 4

T = TypeVar("T")


def references_of(person: Person, frame: int) -> list[int]:
    """Frames that may be shown beside one: GAP_FRAMES away or more; of a short clip any other, of one frame itself."""
    usable = person.frames(range(person.num_frames))
    far = [other for other in usable if abs(other - frame) >= GAP_FRAMES]
    return far or [other for other in usable if other != frame] or [frame]


def with_references(person: Person, frames: Sequence[int], seed: int) -> list[tuple[Person, int, int]]:
    """(person, frame, frame of the reference) of each; references are drawn."""
    random = np.random.default_rng(seed)
    return [(person, frame, int(random.choice(references_of(person, frame)))) for frame in frames]


def spread(among: Sequence[T], most: int = _MOST) -> list[T]:
    """At most so many of them, at even distances."""
    places = np.linspace(0, len(among) - 1, min(most, len(among))).round().astype(int)
    return [among[place] for place in places]


def nearest_of(person: Person, frame: int, among: Sequence[int]) -> int:
    """Of these frames the one whose face differs least from the frame's own, every fourth pixel: nobody could choose it
    who has not seen the answer.
    """
    own_HWC = face_of(person, frame)[::_EVERY_PX, ::_EVERY_PX].astype(np.float32)
    errors = [float(np.square(face_of(person, other)[::_EVERY_PX, ::_EVERY_PX] - own_HWC).mean()) for other in among]
    return among[int(np.argmin(errors))]


def mean_of(person: Person, among: Sequence[int]) -> UInt8Array:
    """uint8 BGR, like a face: the mean of those of these frames."""
    total_HWC = np.zeros_like(face_of(person, among[0]), np.float32)
    for frame in among:
        total_HWC += face_of(person, frame)
    return np.rint(total_HWC / len(among)).astype(np.uint8)
