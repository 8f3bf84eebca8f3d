"""Sentences and alignments are GRID's, whatever the seed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadConfig
from services.corpus.sentences import (
    LAST_TICK,
    NUM_SENTENCES,
    SLOTS,
    align_sentence,
    draw_sentences,
    stem_of,
)

sentences = st.tuples(*(st.sampled_from(slot) for slot in SLOTS))


def test_the_grammar_has_grids_slots() -> None:
    assert [len(slot) for slot in SLOTS] == [4, 4, 4, 25, 10, 4]
    assert "w" not in SLOTS[3]
    assert NUM_SENTENCES == 64_000


@pytest.mark.parametrize(
    ("words", "stem"),
    [
        (("set", "white", "with", "p", "two", "soon"), "swwp2s"),
        (("lay", "red", "at", "r", "zero", "now"), "lrarzn"),
        (("bin", "blue", "in", "z", "nine", "please"), "bbiz9p"),
    ],
)
def test_a_stem_spells_its_sentence(words: tuple[str, ...], stem: str) -> None:
    assert stem_of(words) == stem


@given(sentences, sentences)
def test_different_sentences_have_different_stems(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (stem_of(one) == stem_of(other)) == (one == other)


@given(st.integers(0, 10**9), st.integers(1, 999))
def test_a_speaker_says_no_sentence_twice(seed: int, speaker: int) -> None:
    drawn = draw_sentences(seed, speaker, 40)
    assert len(set(drawn)) == 40
    assert all(word in slot for words in drawn for word, slot in zip(words, SLOTS, strict=True))


def test_more_clips_leave_the_first_ones_as_they_were() -> None:
    assert draw_sentences(5, 2, 30)[:8] == draw_sentences(5, 2, 8)


def test_speakers_and_seeds_say_different_things() -> None:
    assert draw_sentences(0, 1, 8) != draw_sentences(0, 2, 8)
    assert draw_sentences(0, 1, 8) != draw_sentences(1, 1, 8)


def test_more_sentences_than_there_are_is_an_error_that_says_so() -> None:
    with pytest.raises(BadConfig, match=r"64000.*64001"):
        draw_sentences(0, 1, NUM_SENTENCES + 1)


@given(sentences, st.text(max_size=8))
def test_an_alignment_is_grids(words: tuple[str, ...], seed: str) -> None:
    rows = align_sentence(words, seed)
    assert (rows[0].start, rows[-1].end) == (0, LAST_TICK) == (0, 74_500)
    assert all(before.end == after.start for before, after in pairwise(rows))
    assert all(row.start % 250 == row.end % 250 == 0 for row in rows)
    tokens = [row.token for row in rows]
    assert tokens[0] == tokens[-1] == "sil"
    assert tuple(token for token in tokens[1:-1] if token != "sp") == words
    assert tokens.count("sp") <= 1


def test_a_short_pause_is_there_now_and_then() -> None:
    words = ("bin", "blue", "at", "f", "two", "now")
    num_pauses = sum("sp" in [row.token for row in align_sentence(words, str(i))] for i in range(200))
    assert 10 <= num_pauses <= 45
