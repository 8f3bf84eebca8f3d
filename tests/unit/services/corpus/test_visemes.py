"""The mouth's way through a sentence."""

from itertools import pairwise

import numpy as np
import pytest

from services.corpus.alignment import Row
from services.corpus.sentences import SLOTS
from services.corpus.visemes import VISEMES, VISEMES_OF_WORD, Sound, mouth_track, sounds_of


def say(*words: str) -> list[Row]:
    """Each word lasts 0.3 s, between silences of 0.6 s."""
    rows = [Row(0, 15_000, "sil")]
    for word in words:
        rows.append(Row(rows[-1].end, rows[-1].end + 7500, word))
    return [*rows, Row(rows[-1].end, rows[-1].end + 15_000, "sil")]


def opening_at(sounds: list[Sound], t_s: float) -> float:
    return float(mouth_track(sounds, np.array([t_s]))[0, 0])


def test_every_word_of_the_grammar_has_visemes() -> None:
    assert set(VISEMES_OF_WORD) == {word for slot in SLOTS for word in slot}
    assert len(VISEMES_OF_WORD) == 51
    assert {name for names in VISEMES_OF_WORD.values() for name in names} <= set(VISEMES)


def test_sounds_fill_the_rows_without_gaps() -> None:
    rows = say("place", "seven")
    sounds = sounds_of(rows)
    assert sounds[0].start_s == 0
    assert sounds[-1].end_s == pytest.approx(rows[-1].end / 25_000)
    assert all(a.end_s == pytest.approx(b.start_s) for a, b in pairwise(sounds))


def test_the_mouth_is_shut_in_silence() -> None:
    track = mouth_track(sounds_of(say("at", "now")), np.arange(0, 0.4, 0.01))
    assert track[:, 0].max() < 0.02


@pytest.mark.parametrize(("word", "least"), [("at", 0.6), ("now", 0.5), ("red", 0.4), ("r", 0.8)])
def test_an_open_vowel_opens_the_mouth(word: str, least: float) -> None:
    assert mouth_track(sounds_of(say(word)), np.arange(0.6, 0.9, 0.01))[:, 0].max() > least


@pytest.mark.parametrize("word", ["please", "place", "by", "m"])
def test_lips_meet_in_p_b_and_m(word: str) -> None:
    sounds = sounds_of(say("at", word, "at"))
    lips = next(s for s in sounds if s.viseme is VISEMES["P"])
    assert opening_at(sounds, (lips.start_s + lips.end_s) / 2) < 0.12


def test_o_and_u_round_the_lips_and_e_spreads_them() -> None:
    times_s = np.arange(0.6, 0.9, 0.01)
    rounded = mouth_track(sounds_of(say("u")), times_s)
    spread = mouth_track(sounds_of(say("e")), times_s)
    assert rounded[:, 2].max() > 0.6 > 0.2 > spread[:, 2].max()
    assert spread[:, 1].max() > 0.5 > 0 > rounded[:, 1].min()


def test_neighbours_colour_a_sound() -> None:
    between_open = sounds_of(say("r", "e", "r"))
    between_shut = sounds_of(say("p", "e", "p"))
    assert opening_at(between_open, 1.0) > opening_at(between_shut, 1.0) + 0.02


def test_the_mouth_moves_smoothly_within_its_ranges() -> None:
    track = mouth_track(sounds_of(say("set", "white", "with", "p", "five", "soon")), np.arange(0, 3, 0.004))
    assert np.abs(np.diff(track, axis=0)).max() < 0.12
    assert (track >= [0, -1, 0]).all()
    assert (track <= 1).all()
