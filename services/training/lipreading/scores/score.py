"""The score of a set of transcripts, and its parts by speaker and by length. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.training.lipreading.scores.counts import Counts, character_counts, total, word_counts
from services.training.lipreading.scores.interval import bootstrap_interval
from services.training.lipreading.scores.normalization import normalization_named

_LENGTH_STEP = 10


@dataclass(frozen=True, slots=True)
class Transcript:
    """Of one clip: what is said in it, and what was read. key: of the clip. num_frames: of its video."""

    key: str
    speaker: str
    reference: str
    hypothesis: str
    num_frames: int = 0


@dataclass(frozen=True)
class Score:
    """characters, words: counted over all clips. cer, wer: errors a unit of all references together. mean_cer,
    mean_wer: means over clips of their own rates. cer_interval, wer_interval: 95 % over clips, by bootstrap.
    normalization: what was done to both texts of each clip.
    """

    num_clips: int
    normalization: str
    characters: Counts
    words: Counts
    mean_cer: float
    mean_wer: float
    cer_interval: tuple[float, float]
    wer_interval: tuple[float, float]

    @property
    def cer(self) -> float:
        return self.characters.rate

    @property
    def wer(self) -> float:
        return self.words.rate


def score(transcripts: Sequence[Transcript], normalization: str = "none", seed: int = 0) -> Score:
    """seed: of the bootstrap. Raises ValueError for no transcripts, or an unknown normalisation."""
    if not transcripts:
        raise ValueError("a score needs one transcript or more")
    as_compared = normalization_named(normalization)
    pairs = [(as_compared(one.reference), as_compared(one.hypothesis)) for one in transcripts]
    characters = [character_counts(*pair) for pair in pairs]
    words = [word_counts(*pair) for pair in pairs]
    return Score(
        num_clips=len(transcripts),
        normalization=normalization,
        characters=total(characters),
        words=total(words),
        mean_cer=_mean_rate(characters),
        mean_wer=_mean_rate(words),
        cer_interval=bootstrap_interval(characters, seed),
        wer_interval=bootstrap_interval(words, seed),
    )


def scores_by(
    group: Callable[[Transcript], str], transcripts: Sequence[Transcript], normalization: str = "none", seed: int = 0
) -> Mapping[str, Score]:
    """The score of each group, in the order of their names, numbers in them by size."""
    groups: dict[str, list[Transcript]] = {}
    for one in transcripts:
        groups.setdefault(group(one), []).append(one)
    return {name: score(groups[name], normalization, seed) for name in sorted(groups, key=_by_size)}


def speaker_of(transcript: Transcript) -> str:
    return transcript.speaker


def length_of(transcript: Transcript) -> str:
    """Characters of the reference, in tens: `20 to 29`."""
    low = len(transcript.reference) // _LENGTH_STEP * _LENGTH_STEP
    return f"{low} to {low + _LENGTH_STEP - 1}"


def _mean_rate(clips: Sequence[Counts]) -> float:
    return sum(one.rate for one in clips) / len(clips)


def _by_size(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
