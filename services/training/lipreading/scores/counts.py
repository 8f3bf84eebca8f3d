"""What separates hypotheses from references: substitutions, deletions and insertions, as jiwer counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jiwer

# A blank at the end of a text is a character as any other, which jiwer would strip.
_CHARACTERS = jiwer.Compose([jiwer.ReduceToListOfListOfChars()])


@dataclass(frozen=True, slots=True)
class Counts:
    """Of characters, or of words. deletions: units that only the reference has; insertions: only the hypothesis."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __post_init__(self) -> None:
        if min(self.hits, self.substitutions, self.deletions, self.insertions) < 0:
            raise ValueError(f"counts must be 0 or more: {self}")

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference_units(self) -> int:
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float:
        """Errors a unit of the reference, which may be over 1; of an empty reference 1 if there are errors, else 0."""
        if not self.reference_units:
            return 1.0 if self.errors else 0.0
        return self.errors / self.reference_units

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """Of two texts that are aligned. kind: equal, substitute, delete (reference alone) or insert (hypothesis alone)."""

    kind: str
    reference: str
    hypothesis: str


def character_counts(reference: str, hypothesis: str) -> Counts:
    """Of characters, blanks among them."""
    return character_counts_with([reference], hypothesis)


def character_counts_with(references: Sequence[str], hypothesis: str) -> Counts:
    """Of characters, where the hypothesis is the answer to each of the references. references: one or more."""
    hypotheses = [hypothesis] * len(references)
    found = jiwer.process_characters(
        list(references), hypotheses, reference_transform=_CHARACTERS, hypothesis_transform=_CHARACTERS
    )
    return _counts(found)


def character_pieces(reference: str, hypothesis: str) -> list[Piece]:
    """Both texts, cut where they begin or cease to differ, as their characters are counted."""
    found = jiwer.process_characters(
        [reference], [hypothesis], reference_transform=_CHARACTERS, hypothesis_transform=_CHARACTERS
    )
    return [
        Piece(
            chunk.type,
            reference[chunk.ref_start_idx : chunk.ref_end_idx],
            hypothesis[chunk.hyp_start_idx : chunk.hyp_end_idx],
        )
        for chunk in found.alignments[0]
    ]


def word_counts(reference: str, hypothesis: str) -> Counts:
    """Of what stands between blanks."""
    return _counts(jiwer.process_words([reference], [hypothesis]))


def total(counts: Sequence[Counts]) -> Counts:
    return sum(counts, Counts())


def _counts(found: jiwer.CharacterOutput | jiwer.WordOutput) -> Counts:
    return Counts(found.hits, found.substitutions, found.deletions, found.insertions)
