"""Faces and the sound around them, in blocks of one clip whose frames are each other's negatives."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from services.base.digest import digest_of
from services.base.media.arrays import Float32Array, UInt8Array
from services.lips.talker_input import face_in, sound_input, window_of
from services.training.data.talker.person import Person
from services.training.data.talker.windows import blocks_of, held_out_clips, held_out_frames
from services.training.interfaces import Batch, Item

LEAST_APART = 5
"""Frames that the sound must be shifted by to be a negative: .2 s, which eyes see."""

_MOST_APART = 15


@dataclass(frozen=True)
class Held:
    """What is held out of one person: frames of a clip's end, or the whole clip."""

    person: Person
    frames: tuple[int, ...]


@dataclass(frozen=True)
class SyncSplit:
    """What is learnt from (frames by person), and what is held out."""

    train: Sequence[tuple[Person, tuple[int, ...]]]
    held: Sequence[Held]


def split_of(persons: Sequence[Person], seed: int) -> SyncSplit:
    """Whole clips are held out where there are many, else the end of each."""
    whole = held_out_clips([person.name for person in persons], seed)
    train, held = [], []
    for person in persons:
        if person.name in whole:
            held.append(Held(person, tuple(person.frames(range(person.num_frames)))))
        elif whole:
            train.append((person, tuple(person.frames(range(person.num_frames)))))
        else:
            # Of a face that is lost before the clip ends, the end is where it was last seen.
            usable = person.frames(range(person.num_frames))
            learnt, kept = held_out_frames(usable[-1] + 1 if usable else person.num_frames)
            train.append((person, tuple(person.frames(learnt))))
            held.append(Held(person, tuple(person.frames(kept))))
    return SyncSplit(train, held)


class SyncData:
    """Blocks to learn from, an item each."""

    def __init__(self, split: SyncSplit, block_size: int, *, flip: float, brightness: float) -> None:
        """flip: share of blocks that are seen in a mirror. brightness: factor of 1 ± this on a block's faces."""
        self._blocks = [
            (person, frames, block)
            for person, frames in split.train
            for block in blocks_of(range(len(frames)), block_size, LEAST_APART, _MOST_APART)
        ]
        self._flip, self._brightness = flip, brightness
        self.items: Sequence[Item] = [
            Item(f"{person.name}/{frames[block[0]]}", block_size, 0) for person, frames, block in self._blocks
        ]
        self.digest = digest_of(
            {"persons": [person.digest for person, _ in split.train], "block": block_size, "items": len(self.items)}
        )
        self._clips = {person.name: i for i, (person, _) in enumerate(split.train)}

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """faces_BHWC uint8 BGR, sounds_BCHW float32, clips_B and frames_B int64: B frames, block after block.

        Each block is moved along its clip by a few frames, so that epochs differ in their negatives.
        """
        faces, sounds, clips, numbers = [], [], [], []
        for index in indices:
            person, frames, block = self._blocks[index]
            random = random_of(seed_name, self.items[index].key)
            shift, is_flipped = int(random.integers(0, _MOST_APART)), random.random() < self._flip
            factor = 1 + self._brightness * (2 * random.random() - 1)
            for place in block:
                frame = frames[(place + shift) % len(frames)]
                faces.append(_seen(face_of(person, frame), factor, is_flipped=is_flipped))
                sounds.append(sound_of(person, frame))
                clips.append(self._clips[person.name])
                numbers.append(frame)
        return {
            "faces_BHWC": torch.from_numpy(np.stack(faces)),
            "sounds_BCHW": torch.from_numpy(np.stack(sounds)),
            "clips_B": torch.tensor(clips),
            "frames_B": torch.tensor(numbers),
        }


def face_of(person: Person, frame: int) -> UInt8Array:
    """The inside of a crop, uint8 BGR [face_px, face_px, 3]."""
    return np.asarray(face_in(person.crops_NHWC[frame]))


def sound_of(person: Person, frame: int) -> Float32Array:
    """The window of sound around a frame, float32 as networks of that model take it."""
    return sound_input(person.asr_model, window_of(person.rows_TX, frame))


def _seen(face_HWC: UInt8Array, factor: float, *, is_flipped: bool) -> UInt8Array:
    if factor != 1:
        face_HWC = np.clip(face_HWC.astype(np.float32) * factor, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(face_HWC[:, ::-1] if is_flipped else face_HWC)


def random_of(*names: str) -> np.random.Generator:
    """Draws that depend on these names alone."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256("/".join(names).encode()).digest()[:8], "big"))
