"""The characters that a CTC network tells apart. Pure.

The CTC blank is the class behind the last character, as in records of GRID (LipTypeV2, and `alphabet`, `ctc_blank` of
their meta.json).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass

GRID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz "


@dataclass(frozen=True)
class Alphabet:
    """characters: class 0, 1, ...; no two are equal. Raises ValueError."""

    characters: str = GRID_CHARACTERS

    def __post_init__(self) -> None:
        if not self.characters or len(set(self.characters)) != len(self.characters):
            raise ValueError(f"an alphabet has one character or more, each of them once: {self.characters!r}")

    @property
    def blank(self) -> int:
        return len(self.characters)

    @property
    def num_classes(self) -> int:
        return len(self.characters) + 1

    def encode(self, text: str) -> tuple[int, ...]:
        """Ids of the text. Raises ValueError for a character that it lacks."""
        unknown = sorted(set(text) - set(self.characters))
        if unknown:
            raise ValueError(f"{text!r} has {unknown}, which {self.characters!r} lacks: drop them first")
        return tuple(self.characters.index(character) for character in text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids. Raises ValueError for an id that stands for no character, such as the blank."""
        unknown = sorted({i for i in ids if not 0 <= i < len(self.characters)})
        if unknown:
            raise ValueError(f"ids must be 0..{len(self.characters) - 1}, not {unknown}")
        return "".join(self.characters[i] for i in ids)


def steps_needed(ids: Sequence[int] | str) -> int:
    """The fewest time steps that CTC can align these ids to, or a text of which each character is one: one each, and
    one for the blank between two equal neighbours.
    """
    return len(ids) + sum(a == b for a, b in itertools.pairwise(ids))


def alphabet_file(alphabet: Alphabet) -> bytes:
    """tokenizer.json: which class stands for which character, with the CTC blank as `<blank>`."""
    ids = {character: i for i, character in enumerate(alphabet.characters)} | {"<blank>": alphabet.blank}
    fields = {"char2idx": ids, "idx2char": {str(i): one for one, i in ids.items()}, "vocab_size": len(ids)}
    return json.dumps(fields, indent=2, ensure_ascii=False).encode()
