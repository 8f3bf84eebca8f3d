"""N-grams of characters that back off to shorter ones. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

START, END, UNKNOWN = "\x02", "\x03", "\x1a"
"""What stands for the beginning and the end of a text, and for any character that is not known: none is in a text."""

MARKS = frozenset((START, END, UNKNOWN))
MOST_ORDER = 10
MOST_N_GRAMS = 5_000_000
"""Of all orders together; one takes about 200 bytes of memory."""
ZERO_LOG10 = -99.0
"""log10 of a probability of 0, as SRILM writes it."""


@dataclass(frozen=True)
class NGrams:
    """log10_probs: an n-gram, a text of n characters -> log10 of the probability of its last one behind the others.
    back_offs: a text of up to order - 1 characters -> log10 of the factor of shorter n-grams behind it, where that is
    not 0.

    Source: Katz, Estimation of Probabilities from Sparse Data for the Language Model Component of a Speech Recognizer
    (https://doi.org/10.1109/TASSP.1987.1165125), as ARPA files have it.
    """

    order: int
    log10_probs: Mapping[str, float]
    back_offs: Mapping[str, float]

    def __len__(self) -> int:
        return len(self.log10_probs)

    def __contains__(self, character: str) -> bool:
        return character in self.log10_probs

    def log10_prob(self, before: str, character: str) -> float:
        """Of the character behind a text, of which at most order - 1 characters count; START stands before the first.
        A character that is not known has the probability of UNKNOWN, or 0 where that is not known either.
        """
        probs = self.log10_probs
        if character not in probs:
            character = UNKNOWN
        before = before[max(0, len(before) - self.order + 1) :]
        backed_off = 0.0
        while True:
            found = probs.get(before + character)
            if found is not None:
                return backed_off + found
            if not before:
                return ZERO_LOG10
            backed_off += self.back_offs.get(before, 0.0)
            before = before[1:]

    def log10_prob_of_text(self, text: str) -> float:
        """Of the whole text, with its end."""
        marked = START + self.known(text) + END
        return sum(self.log10_prob(marked[:i], marked[i]) for i in range(1, len(marked)))

    def known(self, text: str) -> str:
        """The text with UNKNOWN for what is not known, as contexts have it."""
        return "".join(one if one in self.log10_probs else UNKNOWN for one in text)
