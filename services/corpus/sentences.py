"""Sentences of the demo corpus: GRID's grammar, the stem that spells a sentence, and an alignment of its words.

Source: Cooke et al., An audio-visual corpus for speech perception and automatic speech recognition, JASA 2006.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from services.base.errors import BadConfig
from services.corpus.alignment import STEP_TICKS, Row
from services.corpus.visemes import VISEMES_OF_WORD

NUM_FRAMES = 75
LAST_TICK = 74_500

_LETTERS = tuple("abcdefghijklmnopqrstuvxyz")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SLOTS: tuple[tuple[str, ...], ...] = (
    ("bin", "lay", "place", "set"),
    ("blue", "green", "red", "white"),
    ("at", "by", "in", "with"),
    _LETTERS,
    _DIGITS,
    ("again", "now", "please", "soon"),
)
NUM_SENTENCES = 4 * 4 * 4 * 25 * 10 * 4

_TICKS_PER_VISEME = 1250
_SP_SHARE = 0.12


def stem_of(words: Sequence[str]) -> str:
    """The name that a sentence's clip bears: first letters, but digits as digits and zero as z."""
    digit = _DIGITS.index(words[4])
    return "".join((words[0][0], words[1][0], words[2][0], words[3], str(digit) if digit else "z", words[5][0]))


def draw_sentences(seed: int, speaker: int, num: int) -> list[tuple[str, ...]]:
    """Distinct sentences of a speaker: a longer list begins with the shorter one. Raises BadConfig TOO_MANY_CLIPS."""
    if not 0 <= num <= NUM_SENTENCES:
        raise BadConfig("TOO_MANY_CLIPS", f"a speaker can say 0..{NUM_SENTENCES} different sentences, not {num}")
    draw = random.Random(f"sentences:{seed}:{speaker}")  # noqa: S311
    sentences: dict[tuple[str, ...], None] = {}
    while len(sentences) < num:
        sentences[tuple(draw.choice(slot) for slot in SLOTS)] = None
    return list(sentences)


def align_sentence(words: Sequence[str], seed: str) -> list[Row]:
    """Contiguous rows from 0 to LAST_TICK: `sil`, the words with now and then `sp` between them, `sil`."""
    draw = random.Random(f"align:{seed}")  # noqa: S311
    lead = draw.randrange(10_000, 18_001, STEP_TICKS)
    pause_before = draw.randrange(1, len(words)) if draw.random() < _SP_SHARE else 0
    rows = [Row(0, lead, "sil")]
    for index, word in enumerate(words):
        if index and index == pause_before:
            rows.append(_next(rows, draw.randrange(500, 2001, STEP_TICKS), "sp"))
        ticks = (2 + len(VISEMES_OF_WORD[word])) * _TICKS_PER_VISEME * draw.uniform(0.75, 1.1)
        rows.append(_next(rows, max(1500, round(ticks / STEP_TICKS) * STEP_TICKS), word))
    rows.append(Row(rows[-1].end, LAST_TICK, "sil"))
    return rows


def _next(rows: Sequence[Row], ticks: int, token: str) -> Row:
    return Row(rows[-1].end, rows[-1].end + ticks, token)
