"""Clips of one split, whole or in stretches, as batches (services.training.interfaces.TrainingData)."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.base.digest import digest_of
from services.training.data.meta import LabelMeta
from services.training.data.records.record_files import RecordFiles
from services.training.interfaces import Batch, Item
from services.training.lipreading.alphabet import steps_needed
from services.training.lipreading.windows import Stretch, Word

LABEL_PAD = -1


class Clip(NamedTuple):
    """place: in the index. label: class ids. shard, position: where its words are told of."""

    place: int
    key: str
    speaker: str
    split: str
    shard: int
    position: int
    num_frames: int
    label: tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """What the clips of a data set are read with. height_px, width_px, channels: of every frame. steps_per_frame: time
    steps that a network makes of a frame, for CTC. words: of a clip, with the texts of its label's words; none where
    they are not known.
    """

    files: RecordFiles
    meta: LabelMeta
    height_px: int
    width_px: int
    channels: int
    steps_per_frame: int
    words: Callable[[Clip], tuple[Word, ...]]


class GridClips:
    """Whole clips, an item each. Thread-safe. Nothing is drawn at random: a batch follows from its indices."""

    def __init__(self, source: Source, clips: Sequence[Clip], digest: str) -> None:
        """digest: of the data set and of what chose these clips of it."""
        self._source, self._digest = source, digest
        self.clips = tuple(clips)
        self._items = tuple(Item(clip.key, clip.num_frames, len(clip.label)) for clip in clips)

    @property
    def items(self) -> Sequence[Item]:
        """An item a clip, in the order of the records."""
        return self._items

    @property
    def digest(self) -> str:
        """Of the data set, the split, and the clips."""
        return self._digest

    def text_of(self, i: int) -> str:
        """What is said in the clip of item i, as its record has it."""
        return self._source.meta.text_of(list(self.clips[i].label))

    def words_of(self, i: int) -> tuple[Word, ...]:
        """The words of item i with their frames; none where these are not known."""
        return self._source.words(self.clips[i])

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """frames_BTHWC: uint8, padded with 0. lengths_B: int64. labels_BL: int64, padded with -1. label_lengths_B:
        int64. keys, speakers, texts: a list each. Raises BadConfig DATA_CHANGED, Transient.
        """
        del seed_name
        pieces = [_Piece(self.clips[i], 0, self.clips[i].num_frames, self.clips[i].label) for i in indices]
        return _batch(self._source, pieces)

    def cut(self, stretches: Sequence[Stretch]) -> GridStretches:
        """These stretches of the clips as data of their own."""
        return GridStretches(self._source, self, stretches)


class GridStretches:
    """Stretches of clips, an item each. A stretch that is a whole clip has the label of its record; others have that of
    their text. What CTC cannot align is left out. Thread-safe.

    num_infeasible: of the stretches that were left out.
    """

    def __init__(self, source: Source, whole: GridClips, stretches: Sequence[Stretch]) -> None:
        """Raises ValueError for frames that a clip does not have."""
        self._source = source
        cut = [_piece(source.meta, whole.clips[stretch.clip], stretch) for stretch in stretches]
        self._pieces = [p for p in cut if p.label and is_alignable(p.label, p.num_frames * source.steps_per_frame)]
        self.num_infeasible = len(cut) - len(self._pieces)
        self._items = tuple(Item(p.clip.key, p.num_frames, len(p.label)) for p in self._pieces)
        places_P4 = np.array([(p.clip.place, p.start, p.end, len(p.label)) for p in self._pieces], np.int64)
        labels = np.fromiter(itertools.chain.from_iterable(p.label for p in self._pieces), np.int64)
        digest = hashlib.sha256(places_P4.tobytes() + labels.tobytes())
        self._digest = digest_of([whole.digest, digest.hexdigest()])

    @property
    def items(self) -> Sequence[Item]:
        """In the order of the stretches."""
        return self._items

    @property
    def digest(self) -> str:
        """Of the clips, and of where they are cut."""
        return self._digest

    def read(self, indices: Sequence[int], seed_name: str) -> Batch:
        """As GridClips gives it."""
        del seed_name
        return _batch(self._source, [self._pieces[i] for i in indices])


class _Piece(NamedTuple):
    clip: Clip
    start: int
    end: int
    label: tuple[int, ...]

    @property
    def num_frames(self) -> int:
        return self.end - self.start


def _piece(meta: LabelMeta, clip: Clip, cut: Stretch) -> _Piece:
    if not 0 <= cut.start < cut.end <= clip.num_frames:
        raise ValueError(f"frames {cut.start} to {cut.end} of {clip.key}, which has {clip.num_frames}")
    is_whole = (cut.start, cut.end) == (0, clip.num_frames)
    return _Piece(clip, cut.start, cut.end, clip.label if is_whole else tuple(meta.ids_of(cut.text)))


def is_alignable(label: Sequence[int], num_steps: int) -> bool:
    """Whether CTC has a path through so many time steps."""
    return num_steps >= steps_needed(label)


def _batch(source: Source, pieces: Sequence[_Piece]) -> Batch:
    import torch

    num_frames, num_labels = max(p.num_frames for p in pieces), max(len(p.label) for p in pieces)
    frames_BTHWC = np.empty((len(pieces), num_frames, source.height_px, source.width_px, source.channels), np.uint8)
    labels_BL = np.full((len(pieces), num_labels), LABEL_PAD, np.int64)
    for b, piece in enumerate(pieces):
        source.files.read(piece.clip.place, piece.start, frames_BTHWC[b, : piece.num_frames])
        frames_BTHWC[b, piece.num_frames :] = 0
        labels_BL[b, : len(piece.label)] = piece.label
    return {
        "frames_BTHWC": torch.from_numpy(frames_BTHWC),
        "lengths_B": torch.tensor([p.num_frames for p in pieces]),
        "labels_BL": torch.from_numpy(labels_BL),
        "label_lengths_B": torch.tensor([len(p.label) for p in pieces]),
        "keys": [p.clip.key for p in pieces],
        "speakers": [p.clip.speaker for p in pieces],
        "texts": [source.meta.text_of(list(p.label)) for p in pieces],
    }
