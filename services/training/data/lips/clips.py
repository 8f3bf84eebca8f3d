"""The clips of one split as batches (services.training.interfaces.TrainingData)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.training.data.lips.reading import Reading
from services.training.interfaces import Batch, Item


class LipsClip(NamedTuple):
    """name: of its video in the data set. sha256: of that file, or of the frames of its record. num_frames: at the rate
    of the reading, before any is cut off.
    """

    key: str
    speaker: str
    topic: str
    text: str
    name: str
    sha256: str
    num_frames: int


FramesOf = Callable[[LipsClip], npt.NDArray[np.uint8]]
"""uint8 [T, H, W] of a clip, of the size and length that the reading says. Thread-safe. Raises BadInput, BadConfig,
Transient.
"""


class LipsClips:
    """An item each. Thread-safe. Nothing is drawn at random: a batch follows from its indices."""

    def __init__(self, clips: Sequence[LipsClip], frames_of: FramesOf, reading: Reading, digest: str) -> None:
        """digest: of the data set and of what chose these clips of it."""
        self.clips = tuple(clips)
        self._frames_of, self._reading, self._digest = frames_of, reading, digest
        self._items = tuple(
            Item(clip.key, min(clip.num_frames, reading.max_frames), len(clip.text)) for clip in self.clips
        )

    @property
    def items(self) -> Sequence[Item]:
        """An item a clip, in the order of the table. num_labels: characters."""
        return self._items

    @property
    def digest(self) -> str:
        """Of the data set, the split, and how videos are read."""
        return self._digest

    @property
    def share_cut(self) -> float:
        """Of the clips, those that are longer than max_frames."""
        cut = sum(clip.num_frames > self._reading.max_frames for clip in self.clips)
        return cut / len(self.clips) if self.clips else 0.0

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """frames_BTHWC: uint8, of one channel, padded with 0. lengths_B: int64. keys, speakers, texts: a list each.
        Raises as their frames do.
        """
        import torch

        del seed_name
        clips = [self.clips[i] for i in indices]
        videos = [self._frames_of(clip) for clip in clips]
        lengths = [len(one) for one in videos]
        shape = (len(videos), max(lengths), self._reading.height_px, self._reading.width_px, 1)
        frames_BTHWC = np.zeros(shape, np.uint8)
        for b, frames_THW in enumerate(videos):
            frames_BTHWC[b, : len(frames_THW), :, :, 0] = frames_THW
        return {
            "frames_BTHWC": torch.from_numpy(frames_BTHWC),
            "lengths_B": torch.tensor(lengths),
            "keys": [clip.key for clip in clips],
            "speakers": [clip.speaker for clip in clips],
            "texts": [clip.text for clip in clips],
        }
