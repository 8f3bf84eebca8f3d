"""Which stretches of the clips an epoch is made of: short ones first, then whole clips in a share that grows. Pure.

From whole sentences alone a network that begins with random weights learns for long nothing but their most frequent
characters; from windows of one to four words it learns what mouths look like at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.training.lipreading.preparation.draws import uniform


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a clip, shown in frames start to end, end left out."""

    text: str
    start: int
    end: int

    def __post_init__(self) -> None:
        if not self.text or not 0 <= self.start < self.end:
            raise ValueError(f"word {self.text!r} in frames {self.start}..{self.end}: 0 <= start < end, and a text")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames start to end, end left out, of a clip by its index, and what is said in them."""

    clip: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Curriculum:
    """Shares of a training: until windows_only there are windows of 1 to max_words words and nothing else; from there
    the share of whole clips grows evenly, and reaches 1 at whole_only. Raises ValueError.
    """

    windows_only: float = 0.05
    whole_only: float = 0.6
    max_words: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.windows_only <= self.whole_only <= 1 or self.max_words < 1:
            raise ValueError(f"0 <= windows_only <= whole_only <= 1, and a word or more a window: {self}")

    def whole_share(self, done: float) -> float:
        """Share of whole clips where `done` of the training is behind."""
        if done >= self.whole_only:
            return 1.0
        return max(0.0, (done - self.windows_only) / (self.whole_only - self.windows_only))


def stretches(
    clips: Sequence[tuple[int, Sequence[Word]]], whole_share: float, max_words: int, name: str
) -> list[Stretch]:
    """Of each clip the whole of it, or windows of 1 to max_words words that together are all of its words once.

    clips: frames and words of each; one without words is always whole, and has no text here. whole_share: of the clips.
    name: of seed and epoch, which everything is drawn from.
    A step that is filled by frames holds as many more windows as they are shorter.
    """
    drawn = []
    for clip, (num_frames, words) in enumerate(clips):
        if not words or uniform(f"{name}/{clip}/whole") < whole_share:
            drawn.append(Stretch(clip, 0, num_frames, " ".join(word.text for word in words)))
        else:
            drawn += _windows(clip, words, max_words, f"{name}/{clip}")
    return drawn


def _windows(clip: int, words: Sequence[Word], max_words: int, name: str) -> list[Stretch]:
    cut: list[Stretch] = []
    first = 0
    while first < len(words):
        last = min(first + 1 + int(max_words * uniform(f"{name}/words from {first}")), len(words))
        part = words[first:last]
        cut.append(Stretch(clip, part[0].start, part[-1].end, " ".join(word.text for word in part)))
        first = last
    return cut
