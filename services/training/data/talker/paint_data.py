"""Frames to be painted: each with a reference of the same person, the sound around it, and the place of its mouth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from services.base.digest import digest_of
from services.lips.talker_input import INSIDE_PX
from services.training.data.talker.person import Person
from services.training.data.talker.sync_data import SyncSplit, face_of, random_of, sound_of
from services.training.interfaces import Batch, Item


class PaintData:
    """Frames to learn from, an item each."""

    def __init__(self, split: SyncSplit, *, flip: float) -> None:
        """flip: share of frames that are seen, with their references, in a mirror."""
        self._frames = [(person, frames, frame) for person, frames in split.train for frame in frames]
        self._flip = flip
        self.items: Sequence[Item] = [Item(f"{person.name}/{frame}", 1, 0) for person, _, frame in self._frames]
        self.digest = digest_of(
            {"persons": [person.digest for person, _ in split.train], "frames": len(self.items), "paints": True}
        )

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """As `batch_of`: references are drawn from the frames that are learnt from, by name."""
        chosen, flipped = [], []
        for index in indices:
            person, frames, frame = self._frames[index]
            random = random_of(seed_name, self.items[index].key)
            chosen.append((person, frame, frames[int(random.integers(len(frames)))]))
            flipped.append(bool(random.random() < self._flip))
        return batch_of(chosen, flipped)


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
