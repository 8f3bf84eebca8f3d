"""What a test prints: measures beside those of what needs no network, and where the sound changes nothing."""

import json

import pytest

from services.training.talker.paint_report import PaintTest, facts_of, lines_of
from services.training.talker.paint_scores import Fit, Nearness, PaintSums, Spoken


def sums(follows: float, num: int = 10, **fits: Fit) -> PaintSums:
    mouths = {"own": 25.0, "other": 25.0 - follows, "random": 22.0, "nearest": 24.0, "mean": 23.0}
    near = {way: Nearness(30.0 * num, mouth * num, 0.9 * num) for way, mouth in mouths.items()}
    return PaintSums(
        num, 0.1 * num, near, {**PaintSums().fit, **fits}, Spoken(num, 25.0 * num, (25.0 - follows) * num, 24.9 * num)
    )


def test_a_network_that_follows_the_sound_is_said_to() -> None:
    test = PaintTest(("a", "b", "c"), (sums(0.3), sums(0.5), sums(0.4)))
    facts = facts_of(test)
    assert json.loads(json.dumps(facts)) == facts and facts["follows_sound"]
    assert facts["follows_db"]["db"] == 0.4 and 0.3 <= facts["follows_db"]["interval"][0] < 0.4
    assert "THE SOUND CHANGES NOTHING" not in "\n".join(lines_of(test))


def test_one_that_paints_from_the_picture_alone_is_said_to() -> None:
    test = PaintTest(("a", "b", "c"), (sums(0.1), sums(-0.1), sums(0.0)))
    assert not facts_of(test)["follows_sound"] and "THE SOUND CHANGES NOTHING" in lines_of(test)[-1]


def test_baselines_stand_beside_it_in_the_same_measures() -> None:
    faces = facts_of(PaintTest(("a",), (sums(0.3),)))["faces"]
    assert faces["nearest"] == {"psnr": 30.0, "mouth_psnr": 24.0, "ssim": 0.9}
    assert list(faces) == ["own", "other", "random", "nearest", "mean"]


def test_where_a_syncnet_was_asked_the_picture_itself_is_told_too() -> None:
    fit = {"own": Fit(1, 1, 0.4), "picture": Fit(1, 1, 0.6)}
    test = PaintTest(("a", "b"), (sums(0.3, **fit), sums(0.3, own=Fit(1, 0, 0.2), picture=Fit(1, 1, 0.6))))
    faces = facts_of(test)["faces"]
    assert faces["own"]["confidence"] == 0.3 and faces["picture"]["offsets_right"] == 2
    assert any("the picture itself" in line and "2 of 2" in line for line in lines_of(test))
    assert "LSE" not in "\n".join(lines_of(test))


def test_of_one_clip_its_seconds_are_drawn() -> None:
    seconds = tuple(sums(follows, 2) for follows in (0.2, 0.4, 0.3, 0.2, 0.4, 0.3))
    facts = facts_of(PaintTest(("a",), (sums(0.3),), seconds=seconds))
    assert 0.2 <= facts["follows_db"]["interval"][0] < 0.3 and facts["follows_sound"]


def test_a_few_seconds_of_one_clip_show_nothing_however_good_the_figures_are() -> None:
    test = PaintTest(("a",), (sums(0.3),), seconds=(sums(0.3),) * 5)
    facts = facts_of(test)
    assert facts["follows_db"]["interval"] is None and not facts["follows_sound"]
    assert "NOTHING SHOWS THAT THE SOUND CHANGES THE MOUTH" in lines_of(test)[-1]


def test_a_test_is_of_a_clip_or_more() -> None:
    with pytest.raises(ValueError, match="one clip or more"):
        PaintTest((), ())
