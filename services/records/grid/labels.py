"""Text as class ids: a..z are 0..25, a blank is 26, and 27 is the CTC blank, which no label holds. Pure."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

ALPHABET = "abcdefghijklmnopqrstuvwxyz "
CTC_BLANK = 27
NUM_CLASSES = 28
PAD = -1

_ID_OF = {character: i for i, character in enumerate(ALPHABET)}


@dataclass(frozen=True)
class Label:
    """ids: class ids, padded with -1. length: how many of them count.

    dropped: characters left out, in order, with repeats. truncated: whether the text had more ids than there are slots.
    words_dropped: words with a letter or digit of which nothing is left.
    """

    ids: tuple[int, ...]
    length: int
    dropped: str = ""
    truncated: bool = False
    words_dropped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.length <= len(self.ids):
            raise ValueError(f"length must be 0..{len(self.ids)}, not {self.length}")
        if not all(0 <= i < CTC_BLANK for i in self.ids[: self.length]):
            raise ValueError(f"ids must be 0..{CTC_BLANK - 1} up to length {self.length}: {self.ids}")
        if any(i != PAD for i in self.ids[self.length :]):
            raise ValueError(f"ids past length {self.length} must be {PAD}: {self.ids}")


def encode_label(text: str, max_text_len: int = 32) -> Label:
    """The text in lower case as ids. Characters outside the alphabet are dropped, ids past max_text_len are cut."""
    lowered = text.lower()
    ids = [_ID_OF[c] for c in lowered if c in _ID_OF]
    dropped = "".join(c for c in lowered if c not in _ID_OF)
    kept = ids[:max_text_len]
    padding = [PAD] * (max_text_len - len(kept))
    return Label(tuple(kept + padding), len(kept), dropped, len(ids) > max_text_len)


def encode_words(words: Sequence[str], max_text_len: int = 32) -> Label:
    """The words in lower case, joined by one blank, as ids. A word that the alphabet leaves nothing of has no blank.

    words: none of them holds a blank.
    """
    left = [word for word in words if any(c in _ID_OF for c in word.lower())]
    gone = [word for word in words if not any(c in _ID_OF for c in word.lower())]
    label = encode_label(" ".join(left), max_text_len)
    dropped = "".join(c for word in words for c in word.lower() if c not in _ID_OF)
    lost = tuple(word for word in gone if any(c.isalnum() for c in word))
    return dataclasses.replace(label, dropped=dropped, words_dropped=lost)


def decode_label(ids: Sequence[int]) -> str:
    """The text of ids; padding is left out. Raises ValueError for an id that stands for no character."""
    unknown = sorted({i for i in ids if i != PAD and not 0 <= i < len(ALPHABET)})
    if unknown:
        raise ValueError(f"ids must be 0..{len(ALPHABET) - 1} or {PAD}, not {unknown}")
    return "".join(ALPHABET[i] for i in ids if i != PAD)


def ctc_feasible(label: Label, num_frames: int) -> bool:
    """Whether CTC has a path: a frame for each id, and one more for the blank between two equal neighbours."""
    ids = label.ids[: label.length]
    num_repeats = sum(a == b for a, b in itertools.pairwise(ids))
    return num_frames >= label.length + num_repeats
