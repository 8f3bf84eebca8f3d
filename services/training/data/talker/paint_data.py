"""Frames to be painted: each with a reference of the same person, the sound around it, and the place of its mouth."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch

from services.base.digest import digest_of
from services.lips.talker_input import INSIDE_PX
from services.training.data.talker.person import Person
from services.training.data.talker.sync_data import SyncSplit, face_of, random_of, sound_of
from services.training.interfaces import Batch, Item


class PaintData:
    """Frames to learn from, an item each, or two neighbours an item."""

    def __init__(self, split: SyncSplit, *, flip: float, in_pairs: bool = False) -> None:
        """flip: share of items that are seen, with their references, in a mirror."""
        self._groups = [
            (person, frames, group)
            for person, frames in split.train
            for group in (_pairs_of(frames) if in_pairs else [(frame,) for frame in frames])
        ]
        self._flip = flip
        self.items: Sequence[Item] = [
            Item(f"{person.name}/{group[0]}", len(group), 0) for person, _, group in self._groups
        ]
        self.digest = digest_of(
            {"persons": [person.digest for person, _ in split.train], "frames": len(self.items), "paints": True}
            | ({"in_pairs": True} if in_pairs else {})
        )

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """As `batch_of`: references are drawn from the frames that are learnt from, by name; one for both of a pair."""
        chosen, flipped = [], []
        for index in indices:
            person, frames, group = self._groups[index]
            random = random_of(seed_name, self.items[index].key)
            reference, is_flipped = frames[int(random.integers(len(frames)))], bool(random.random() < self._flip)
            chosen += [(person, frame, reference) for frame in group]
            flipped += [is_flipped] * len(group)
        return batch_of(chosen, flipped)


def _pairs_of(frames: Sequence[int]) -> list[tuple[int, ...]]:
    """Neighbours, each frame in one pair at most."""
    pairs: list[tuple[int, ...]] = []
    for frame, after in itertools.pairwise(frames):
        if after == frame + 1 and (not pairs or pairs[-1][1] < frame):
            pairs.append((frame, after))
    return pairs


def batch_of(chosen: Sequence[tuple[Person, int, int]], flipped: Sequence[bool] = ()) -> Batch:
    """faces_BHWC, references_BHWC: uint8 BGR. sounds_BCHW: float32. mouths_B4: int64, px of the face.

    chosen: (person, frame, frame of the reference).
    """
    faces, references, mouths = [], [], []
    for i, (person, frame, reference) in enumerate(chosen):
        face_HWC, reference_HWC = face_of(person, frame), face_of(person, reference)
        mouth_4 = np.clip(person.mouths_N4[frame] - INSIDE_PX, 0, len(face_HWC))
        if flipped and flipped[i]:
            face_HWC, reference_HWC = face_HWC[:, ::-1], reference_HWC[:, ::-1]
            mouth_4 = np.array([len(face_HWC) - mouth_4[2], mouth_4[1], len(face_HWC) - mouth_4[0], mouth_4[3]])
        faces.append(face_HWC)
        references.append(reference_HWC)
        mouths.append(mouth_4)
    return {
        "faces_BHWC": torch.from_numpy(np.stack(faces)),
        "references_BHWC": torch.from_numpy(np.stack(references)),
        "sounds_BCHW": torch.from_numpy(np.stack([sound_of(person, frame) for person, frame, _ in chosen])),
        "mouths_B4": torch.from_numpy(np.stack(mouths)),
    }
