"""The syllables of Mandarin texts, and their file `pinyin.json`: what a reader of pinyin tells apart. Pure.

Readings are pypinyin's, of phrases where it knows them. Characters that have none, such as digits, Latin letters and
punctuation, are no syllables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.base.errors import BadConfig


@dataclass(frozen=True)
class Syllables:
    """names: of the classes, ascending, each of them once, such as `wo3` with tones and `wo` without. Raises
    ValueError.
    """

    names: tuple[str, ...]
    tones: bool = False

    def __post_init__(self) -> None:
        if list(self.names) != sorted(set(self.names)) or any(
            not name or name.split() != [name] for name in self.names
        ):
            raise ValueError(f"syllables ascend, each of them once, and none has a blank: {self.names!r}")

    def encode(self, text: str) -> list[int]:
        """Ids of the text's syllables, without those that it lacks. Raises BadConfig LIBRARY_MISSING."""
        ids = {name: i for i, name in enumerate(self.names)}
        return [ids[one] for one in syllables_of(text, self.tones) if one in ids]

    def decode(self, ids: Sequence[int]) -> list[str]:
        return [self.names[i] for i in ids]

    @property
    def file(self) -> bytes:
        """pinyin.json, UTF-8."""
        fields = {"tones": self.tones, "syllables": list(self.names)}
        return json.dumps(fields, indent=2, ensure_ascii=False).encode()

    @property
    def digest(self) -> str:
        """sha256 of the file, hexadecimal."""
        return hashlib.sha256(self.file).hexdigest()


def syllables_in(texts: Iterable[str], tones: bool) -> Syllables:
    """All of these texts. Raises BadConfig LIBRARY_MISSING."""
    return Syllables(tuple(sorted({one for text in texts for one in syllables_of(text, tones)})), tones)


def syllables_of(text: str, tones: bool) -> list[str]:
    """In their order; with tones each ends in 1 to 5, the neutral one. u with two points is v.

    Raises BadConfig LIBRARY_MISSING.
    """
    try:
        from pypinyin import Style, lazy_pinyin
    except ImportError as error:
        raise BadConfig(
            "LIBRARY_MISSING", "pypinyin, of --pinyin-weight, is not installed: pip install 'visemill[zh]'"
        ) from error
    style = Style.TONE3 if tones else Style.NORMAL
    return list(lazy_pinyin(text, style=style, errors="ignore", neutral_tone_with_five=True))
