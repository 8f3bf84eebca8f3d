"""Speakers differ, and each is the same every time."""

import dataclasses

import pytest

from services.corpus.drawing.look import HAIR_STYLES, look_of


def test_a_look_is_a_function_of_seed_and_speaker() -> None:
    assert look_of(3, 2) == look_of(3, 2)
    assert look_of(3, 2) != look_of(4, 2)


def test_four_speakers_differ_in_all_that_one_sees() -> None:
    looks = [look_of(0, speaker) for speaker in range(1, 5)]
    for name in ("skin", "hair", "hair_style", "room", "shirt", "size_px", "eyes_x_px", "jaw", "pitch_hz"):
        assert len({getattr(look, name) for look in looks}) == 4, name


def test_all_hair_styles_are_worn() -> None:
    assert {look_of(0, speaker).hair_style for speaker in range(1, 6)} == set(HAIR_STYLES)


@pytest.mark.parametrize("seed", range(5))
def test_a_face_is_as_wide_as_in_grid(seed: int) -> None:
    for speaker in range(1, 20):
        assert 110 <= 2 * look_of(seed, speaker).size_px * look_of(seed, speaker).cheek <= 140


def test_a_look_that_cannot_be_drawn_cannot_be_made() -> None:
    look = look_of(0, 1)
    with pytest.raises(ValueError, match="hair_style"):
        dataclasses.replace(look, hair_style="mohawk")
    with pytest.raises(ValueError, match=r"50\.\.72"):
        dataclasses.replace(look, size_px=150)
