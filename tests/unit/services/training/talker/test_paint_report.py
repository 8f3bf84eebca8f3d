"""What a test prints: decibels with their intervals, and a word where the sound changes nothing."""

import json

import pytest

from services.training.talker.paint_report import PaintTest, facts_of, lines_of
from services.training.talker.paint_scores import PaintSums


def sums(follows: float, num: int = 10) -> PaintSums:
    return PaintSums(
        num, 0.1 * num, 30.0 * num, 25.0 * num, 22.0 * num, num, 25.0 * num, (25.0 - follows) * num, 24.9 * num
    )


def test_a_network_that_follows_the_sound_is_said_to():
    test = PaintTest(("a", "b", "c"), (sums(0.3), sums(0.5), sums(0.4)))
    facts = facts_of(test)
    assert json.loads(json.dumps(facts)) == facts and facts["follows_sound"]
    assert facts["follows_db"]["db"] == 0.4 and 0.3 <= facts["follows_db"]["interval"][0] < 0.4
    assert "THE SOUND CHANGES NOTHING" not in "\n".join(lines_of(test))


def test_one_that_paints_from_the_picture_alone_is_said_to():
    test = PaintTest(("a", "b", "c"), (sums(0.1), sums(-0.1), sums(0.0)))
    assert not facts_of(test)["follows_sound"] and "THE SOUND CHANGES NOTHING" in lines_of(test)[-1]


def test_one_clip_has_no_interval():
    facts = facts_of(PaintTest(("a",), (sums(0.3),)))
    assert facts["follows_db"]["interval"] is None and facts["follows_sound"]


def test_a_test_is_of_a_clip_or_more():
    with pytest.raises(ValueError, match="one clip or more"):
        PaintTest((), ())
