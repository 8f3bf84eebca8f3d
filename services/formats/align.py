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

# Tokens that stand for no word, compared in lower case: GRID's own, and those of Kaldi, MFA and MAUS.
_SILENT = frozenset({"sil", "sp", "<eps>", "<sil>", "[sil]", "<silence>", "[silence]", "<s>", "</s>", "<p:>"})
# Tokens that stand for speech which the aligner did not understand: which words it was, nobody knows.
_NOT_UNDERSTOOD = frozenset({"spn", "nsn", "unk", "oov"})
_MARK = re.compile(r"<.*>|\[.*\]|\{.*\}")
_INTEGER = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+](?:inf|nan)")
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
    """One row. start, end: ticks from the clip's beginning, 0 <= start <= end. text: its words as written, one or more,
    joined by one blank.
    """

    start: int
    end: int
    text: str

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"token {self.text!r} must have 0 <= start <= end, not {self.start} and {self.end}")
        if not self.text:
            raise ValueError("a token's text must not be empty")

    @property
    def words(self) -> tuple[str, ...]:
        """The row's words as written, without silences."""
        return tuple(word for word in self.text.split() if word.lower() not in _SILENT)


@dataclass(frozen=True)
class Align:
    """An alignment: at least one token, in the order of their beginnings."""

    tokens: tuple[AlignToken, ...]

    def __post_init__(self) -> None:
        if not self.tokens:
            raise ValueError("an alignment needs at least one token")

    @property
    def words(self) -> tuple[str, ...]:
        """All words as written, without silences (`sil`, `sp` and the like in any case)."""
        return tuple(word for token in self.tokens for word in token.words)

    @property
    def transcript(self) -> str:
        """The words in lower case, joined by one blank."""
        return " ".join(self.words).lower()

    @property
    def last_tick(self) -> int:
        return max(token.end for token in self.tokens)


def parse_align(data: bytes) -> Align:
    """Rows of `start end word`, parted by blanks or tabs, brought into the order of time.

    A row may hold several words, and numbers (scores) after one. Blank lines, a BOM and any line end are taken.
    Raises BadInput BAD_ALIGN naming the first row that is none, or whose words or place among the others cannot be
    told: to drop it would change the transcript unseen.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(f"byte {error.start} is not UTF-8: save the file as UTF-8") from error
    # str.splitlines would also break at characters that a token may hold, such as U+0085.
    lines = [(number, line.split()) for number, line in enumerate(_LINE_END.split(text), 1)]
    rows = [(_token(number, fields), number) for number, fields in lines if fields]
    if not rows:
        raise _bad("it holds no rows: it must say `start end word` for each word")
    rows.sort(key=lambda row: row[0].start)
    _refuse_overlaps([row for row in rows if row[0].words])
    return Align(tuple(token for token, _ in rows))


def _token(number: int, fields: list[str]) -> AlignToken:
    shown = f"line {number} {' '.join(fields)[:80]!r}"
    if len(fields) < 3:
        raise _bad(f"{shown} has {len(fields)} of 3 columns: write `start end word`")
    if not (_INTEGER.fullmatch(fields[0]) and _INTEGER.fullmatch(fields[1])):
        raise _bad(f"{shown} must begin with two whole numbers of ticks, 0 or more")
    start, end = int(fields[0]), int(fields[1])
    if end < start:
        raise _bad(f"{shown} ends before it starts: fix its times")
    return AlignToken(start, end, " ".join(_words(shown, fields[2:])))


def _words(shown: str, fields: list[str]) -> list[str]:
    """The words of a row, silences included, without the numbers behind them. Raises BadInput BAD_ALIGN."""
    words = list(fields)
    while len(words) > 1 and _NUMBER.fullmatch(words[-1]):
        words.pop()
    numbers = fields[len(words) :]
    doubtful = next((word for word in words[1:] if _NUMBER.fullmatch(word)), "")
    if len(words) > 1:
        doubtful = doubtful or next((number for number in numbers if number.isdecimal()), "")
    if doubtful:
        raise _bad(
            f"{shown} has {doubtful!r} beside several words, which may be a word or a score: spell it as a word, "
            "or delete it"
        )
    for word in words:
        lowered = word.lower()
        if lowered not in _SILENT and (lowered in _NOT_UNDERSTOOD or _MARK.fullmatch(word)):
            raise _bad(f"{shown} has the mark {word!r} in place of words: write the words that are spoken there")
    return words


def _refuse_overlaps(rows: list[tuple[AlignToken, int]]) -> None:
    """Raises BadInput BAD_ALIGN where two rows with words share over half of the shorter one's time: the same speech
    told twice, or phones among words, and not neighbours that touch. rows: (token, line), by start.
    """
    latest: tuple[AlignToken, int] | None = None
    for token, number in rows:
        if latest is not None:
            before, line = latest
            shared = min(before.end, token.end) - token.start
            if 2 * shared > min(before.end - before.start, token.end - token.start):
                raise _bad(
                    f"line {number} '{token.start} {token.end} {token.text[:60]}' and line {line} "
                    f"'{before.start} {before.end} {before.text[:60]}' are at the same time: keep one of them"
                )
        if latest is None or token.end >= latest[0].end:
            latest = (token, number)


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
