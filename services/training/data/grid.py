"""I/O: records of GRID as data to learn from: opened, indexed, split, and checked."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from services.base.digest import digest_of
from services.base.errors import BadConfig
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.formats.words import WORDS_FILE, read_words
from services.training.data.clips import Clip, GridClips, Source, is_alignable
from services.training.data.meta import META_FILE, LabelMeta, label_meta
from services.training.data.records.opening import OpenedRecords, RecordsSettings, open_records
from services.training.data.records.shards import SPLITS
from services.training.data.sharing import SplitClip, shared_contents, shared_speakers
from services.training.data.splitting import set_apart
from services.training.data.word_times import WordTimes
from services.training.lipreading.alphabet import Alphabet
from services.training.lipreading.windows import Word

_log = logging.getLogger("visemill.training.data")


@dataclass(frozen=True)
class GridSettings:
    """Raises ValueError for what cannot be.

    data_root: a folder or an S3 prefix of TFRecords. records: how these are opened. val_share: of each speaker's
    training clips, for validation where the data have none, drawn from seed. steps_per_frame: time steps that the
    network makes of a frame.
    """

    data_root: str
    records: RecordsSettings
    val_share: float = 0.1
    seed: int = 1
    allow_leak: bool = False
    steps_per_frame: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.val_share < 1:
            raise ValueError(f"val_share is {self.val_share}: give a share from 0 to below 1")
        if self.steps_per_frame < 1:
            raise ValueError(f"steps_per_frame {self.steps_per_frame} is 1 or more")


class LeftOut(NamedTuple):
    """A clip, or where its key cannot be read a record, that is not learnt from, and why."""

    key: str
    split: str
    reason: str
    message: str


@dataclass(frozen=True)
class GridData:
    """train, val, test: their clips; val and test may have none. alphabet: of their labels. digest: of the data set,
    whatever is chosen of it. left_out: with reasons. notes: what its user should hear. has_words: whether it is known
    when words are said. reasons: how many clips are left out by each. leaks: contents that stand in two splits, in
    words.
    """

    train: GridClips
    val: GridClips
    test: GridClips
    alphabet: Alphabet
    digest: str
    left_out: Sequence[LeftOut] = ()
    notes: Sequence[str] = ()
    has_words: bool = True
    reasons: Mapping[str, int] = field(default_factory=dict)
    leaks: Sequence[str] = ()


def open_grid(settings: GridSettings) -> GridData:
    """Raises BadConfig NO_TRAIN_CLIPS, SHARDS_MISSING, SHARDS_OF_TWO_RUNS, BAD_META, MISSING_META, DATA_CHANGED,
    NOT_FINISHED, CONTENT_LEAK; BadShard TOO_MANY_FAILURES; or as the stores do.
    """
    data = open_store(settings.data_root, must_exist=True)
    return _Opening(settings, open_records(data, settings.records)).opened()


class _Opening:
    """What is found on the way, gathered for who trains."""

    def __init__(self, settings: GridSettings, records: OpenedRecords) -> None:
        self._settings, self._records, self._data = settings, records, records.data
        self._shards, self._index, self._files = records.shards, records.index, records.files
        self._left_out: list[LeftOut] = []
        self._notes: list[str] = []
        self._leaks: list[str] = []

    def opened(self) -> GridData:
        for damage in self._index.damages:
            split = self._shards[damage.file].split
            self._left_out.append(LeftOut(self._records.key_of(damage), split, damage.reason, damage.message))
        meta = label_meta(self._read(META_FILE), self._data.uri)
        if meta.is_assumed:
            self._notes.append(
                f"{self._data.uri} has no {META_FILE} that names an alphabet: labels are taken for the original "
                f"script's, {meta.alphabet.characters!r} and the CTC blank behind it"
            )
        words = self._words()
        shape = self._usual_shape()
        clips = self._whole_clips(meta, shape)
        contents = self._index.contents()
        by_split = self._split(clips, contents)
        self._check_sharing(by_split, contents)
        source = Source(
            self._files, meta, *shape, self._settings.steps_per_frame, lambda clip: _words_of(words, meta, clip)
        )
        digest = self._records.digest
        parts = {
            split: GridClips(source, chosen, digest_of([digest, split, [clip.place for clip in chosen]]))
            for split, chosen in by_split.items()
        }
        reasons = Counter(one.reason for one in self._left_out)
        self._notes += [f"{count} clips are left out: {reason}" for reason, count in sorted(reasons.items())]
        for note in self._notes:
            _log.warning("%s", note)
        return GridData(
            parts["train"],
            parts["val"],
            parts["test"],
            meta.alphabet,
            digest,
            tuple(self._left_out),
            tuple(self._notes),
            words is not None,
            dict(reasons),
            tuple(self._leaks),
        )

    def _read(self, name: str) -> bytes | None:
        try:
            return self._data.read(name)
        except NotThere:
            return None

    def _words(self) -> WordTimes | None:
        data = self._read(WORDS_FILE)
        if data is None:
            self._notes.append(
                f"{self._data.uri} has no {WORDS_FILE}: whole clips alone are learnt from, of which a network begins "
                "to learn later; `visemill run grid` writes it"
            )
            return None
        return WordTimes(read_words(data))

    def _usual_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) that most clips have. Raises BadConfig NO_TRAIN_CLIPS."""
        if not len(self._index):
            raise BadConfig(
                "NO_TRAIN_CLIPS", f"{self._data.uri} holds no clip that can be read: make the data set again"
            )
        shapes, counts = np.unique(self._index.shape_N4[:, 1:], axis=0, return_counts=True)
        height_px, width_px, channels = shapes[int(counts.argmax())].tolist()
        return height_px, width_px, channels

    def _whole_clips(self, meta: LabelMeta, shape: tuple[int, int, int]) -> list[Clip]:
        """Those that something can be learnt from."""
        index, clips = self._index, []
        columns = zip(
            index.file_N.tolist(),
            index.position_N.tolist(),
            index.num_frames_N.tolist(),
            index.shape_N4[:, 1:].tolist(),
            index.labels(),
            index.texts("speaker_id"),
            index.texts("utterance_id"),
            strict=True,
        )
        for place, (file, position, num_frames, own_shape, label, speaker, utterance) in enumerate(columns):
            shard = self._shards[file]
            clip = Clip(
                place, f"{speaker}/{utterance}", speaker, shard.split, shard.number, position, num_frames, tuple(label)
            )
            reason, message = self._fault(clip, tuple(own_shape), shape, meta)
            if reason:
                self._left_out.append(LeftOut(clip.key, clip.split, reason, message))
            else:
                clips.append(clip)
        return clips

    def _fault(
        self, clip: Clip, shape: tuple[int, ...], usual: tuple[int, int, int], meta: LabelMeta
    ) -> tuple[str, str]:
        """(reason, message) why nothing can be learnt from it; empty where something can."""
        num_steps = clip.num_frames * self._settings.steps_per_frame
        try:
            meta.text_of(list(clip.label))
        except ValueError as error:
            return "BAD_LABEL", str(error)
        if shape != usual:
            return "OTHER_SHAPE", f"frames of {shape} px and channels, where most clips have {usual}"
        if not clip.num_frames:
            return "NO_FRAMES", "no frame that is not padding"
        if not clip.label:
            return "EMPTY_LABEL", "a label without characters"
        if not is_alignable(clip.label, num_steps):
            return "CTC_INFEASIBLE", f"{num_steps} time steps, and a label of {len(clip.label)} characters needs more"
        return "", ""

    def _split(self, clips: Sequence[Clip], contents: Sequence[bytes]) -> dict[str, list[Clip]]:
        by_split: dict[str, list[Clip]] = {split: [] for split in SPLITS}
        for clip in clips:
            by_split[clip.split].append(clip)
        if not by_split["train"]:
            raise BadConfig(
                "NO_TRAIN_CLIPS",
                f"of {len(self._index)} clips in {self._data.uri} none is to be learnt from: look at the split, and at "
                "why clips are left out: "
                + (", ".join(sorted({one.reason for one in self._left_out})) or "none is in train"),
            )
        if not by_split["val"] and self._settings.val_share:
            train = by_split["train"]
            chosen = set_apart(
                [clip.speaker for clip in train],
                [contents[clip.place] for clip in train],
                self._settings.val_share,
                self._settings.seed,
            )
            by_split["val"] = [clip for i, clip in enumerate(train) if i in chosen]
            by_split["train"] = [clip for i, clip in enumerate(train) if i not in chosen]
            self._notes.append(
                f"no val split: {len(chosen)} of {len(train)} training clips are set apart, "
                f"{self._settings.val_share:.0%} of each speaker's by seed {self._settings.seed}: val is of known "
                "speakers"
            )
        return by_split

    def _check_sharing(self, by_split: Mapping[str, Sequence[Clip]], contents: Sequence[bytes]) -> None:
        """Raises BadConfig CONTENT_LEAK."""
        self._leaks = leaks = shared_contents(
            SplitClip(clip.key, split, clip.speaker, contents[clip.place])
            for split, clips in by_split.items()
            for clip in clips
        )
        if leaks:
            message = f"the same frames stand in two splits, {len(leaks)} times: {'; '.join(leaks[:3])}"
            if not self._settings.allow_leak:
                raise BadConfig(
                    "CONTENT_LEAK",
                    f"{message}: scores would be of clips that were learnt from. Make the data set anew without one of "
                    "each, or say allow_leak",
                )
            self._notes.append(message)
        # Of clips that were set apart here it has been said.
        speakers = {split: [clip.speaker for clip in clips if clip.split == split] for split, clips in by_split.items()}
        self._notes += shared_speakers(speakers)


def _words_of(words: WordTimes | None, meta: LabelMeta, clip: Clip) -> tuple[Word, ...]:
    """The clip's words where they are those of its label."""
    if words is None:
        return ()
    found = words.of(clip.split, clip.shard, clip.position, clip.num_frames)
    said = [meta.ids_of(word.text) for word in found]
    kept = tuple(word for word, ids in zip(found, said, strict=True) if ids)
    text = " ".join(meta.text_of(ids) for ids in said if ids)
    return kept if text == meta.text_of(list(clip.label)) else ()
