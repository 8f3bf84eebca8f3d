"""The `.align` files of GRID and of its imitators: parsing, time units, and what a stem says about its sentence. Pure.

Source: the GRID corpus (Cooke et al., JASA 2006, doi:10.1121/1.2229005): 25 kHz ticks; the letters of a sentence's six
words name its file.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from services.base.errors import BadInput

GRID_TICKS_PER_S = 25_000
MS_TICKS_PER_S = 1_000

# Tokens that stand for no word, compared in lower case.
_SILENT = frozenset({"sil", "sp"})
_INTEGER = re.compile(r"[0-9]{1,15}")
_LINE_END = re.compile(r"\r\n|\r|\n")

# Slots of the GRID grammar: first letter -> word.
_COMMANDS = {"b": "bin", "l": "lay", "p": "place", "s": "set"}
_COLOURS = {"b": "blue", "g": "green", "r": "red", "w": "white"}
_PREPOSITIONS = {"a": "at", "b": "by", "i": "in", "w": "with"}
_LETTERS = {c: c for c in "abcdefghijklmnopqrstuvxyz"}
_DIGITS = dict(
    zip("z123456789", ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), strict=True)
)
_ADVERBS = {"a": "again", "n": "now", "p": "please", "s": "soon"}
_SLOTS = (_COMMANDS, _COLOURS, _PREPOSITIONS, _LETTERS, _DIGITS, _ADVERBS)


@dataclass(frozen=True)
class AlignToken:
    """One row. start, end: ticks from the clip's beginning, 0 <= start <= end. text: as written."""

    start: int
    end: int
    text: str

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"token {self.text!r} must have 0 <= start <= end, not {self.start} and {self.end}")
        if not self.text:
            raise ValueError("a token's text must not be empty")


@dataclass(frozen=True)
class Align:
    """An alignment: at least one token, in the order of the file."""

    tokens: tuple[AlignToken, ...]

    def __post_init__(self) -> None:
        if not self.tokens:
            raise ValueError("an alignment needs at least one token")

    @property
    def words(self) -> tuple[str, ...]:
        """Token texts as written, without silences (`sil` and `sp` in any case)."""
        return tuple(token.text for token in self.tokens if token.text.lower() not in _SILENT)

    @property
    def transcript(self) -> str:
        """The words in lower case, joined by one blank."""
        return " ".join(self.words).lower()

    @property
    def last_tick(self) -> int:
        return max(token.end for token in self.tokens)


def parse_align(data: bytes) -> Align:
    """Rows of `start end token`, parted by blanks or tabs. More columns, blank lines, a BOM and any line end are taken.

    Raises BadInput BAD_ALIGN naming the first row that is none: to drop it would change the transcript unseen.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(f"byte {error.start} is not UTF-8: save the file as UTF-8") from error
    # str.splitlines would also break at characters that a token may hold, such as U+0085.
    rows = [(number, line.split()) for number, line in enumerate(_LINE_END.split(text), 1)]
    tokens = tuple(_token(number, fields) for number, fields in rows if fields)
    if not tokens:
        raise _bad("it holds no rows: it must say `start end token` for each word")
    return Align(tokens)


def _token(number: int, fields: list[str]) -> AlignToken:
    shown = " ".join(fields)[:80]
    if len(fields) < 3:
        raise _bad(f"line {number} {shown!r} has {len(fields)} of 3 columns: write `start end token`")
    if not (_INTEGER.fullmatch(fields[0]) and _INTEGER.fullmatch(fields[1])):
        raise _bad(f"line {number} {shown!r} must begin with two whole numbers of ticks, 0 or more")
    start, end = int(fields[0]), int(fields[1])
    if end < start:
        raise _bad(f"line {number} {shown!r} ends before it starts: mend its times")
    return AlignToken(start, end, fields[2])


def _bad(what: str) -> BadInput:
    return BadInput("BAD_ALIGN", f"the alignment cannot be read: {what}")


def detect_ticks_per_s(last_tick: int, duration_s: float) -> int:
    """The unit that brings the last tick closest to the clip's end: GRID's 25 kHz or milliseconds.

    duration_s: of the clip; 0 if unknown, and then the answer is GRID's unit.
    """
    if last_tick <= 0 or duration_s <= 0:
        return GRID_TICKS_PER_S
    units = (GRID_TICKS_PER_S, MS_TICKS_PER_S)
    return min(units, key=lambda ticks_per_s: abs(math.log(last_tick / ticks_per_s / duration_s)))


def sentence_of_stem(stem: str) -> tuple[str, ...] | None:
    """The six words that a GRID stem spells (`swwp2s`: set white with p two soon); None if it is no such stem."""
    letters = stem.lower()
    if len(letters) != len(_SLOTS) or any(c not in slot for c, slot in zip(letters, _SLOTS, strict=True)):
        return None
    return tuple(slot[c] for c, slot in zip(letters, _SLOTS, strict=True))


def stem_matches(stem: str, words: tuple[str, ...]) -> bool | None:
    """Whether the words are the ones that the stem spells; None if the stem is not GRID's."""
    expected = sentence_of_stem(stem)
    return None if expected is None else expected == tuple(word.lower() for word in words)
