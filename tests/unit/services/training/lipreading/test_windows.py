import itertools

import pytest

from services.training.lipreading.windows import Curriculum, Stretch, Word, stretches

WORDS = tuple(Word(text, 10 + 8 * i, 18 + 8 * i) for i, text in enumerate(["set", "white", "with", "p", "two", "soon"]))
CLIPS = [(75, WORDS)] * 400


@pytest.mark.parametrize(
    ("done", "share"), [(0.0, 0.0), (0.04, 0.0), (0.05, 0.0), (0.325, 0.5), (0.6, 1.0), (0.9, 1.0)]
)
def test_whole_clips_come_in_a_share_that_grows(done: float, share: float) -> None:
    assert Curriculum().whole_share(done) == pytest.approx(share)


@pytest.mark.parametrize("bad", [{"windows_only": 0.7}, {"whole_only": 1.1}, {"max_words": 0}])
def test_a_curriculum_has_its_parts_in_order(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="windows_only <= whole_only"):
        Curriculum(**bad)


def test_without_windows_every_stretch_is_a_whole_clip() -> None:
    assert Curriculum(windows_only=0, whole_only=0).whole_share(0.0) == 1.0
    assert stretches(CLIPS[:1], 1.0, 4, "0/0") == [Stretch(0, 0, 75, "set white with p two soon")]


def test_windows_of_a_clip_are_all_of_its_words_once_and_in_order() -> None:
    drawn = stretches(CLIPS, 0.0, 4, "0/0")
    for clip in range(len(CLIPS)):
        own = [one for one in drawn if one.clip == clip]
        assert " ".join(one.text for one in own) == "set white with p two soon"
        assert [own[0].start, own[-1].end] == [10, 58]
        assert all(a.end == b.start for a, b in itertools.pairwise(own))
    sizes = [len(one.text.split()) for one in drawn]
    assert set(sizes) == {1, 2, 3, 4}
    assert {(one.end - one.start) / 8 for one in drawn} == set(sizes)


def test_the_share_of_whole_clips_is_that_which_was_asked_for() -> None:
    whole = [one for one in stretches(CLIPS, 0.25, 4, "0/0") if one.end - one.start == 75]
    assert len(whole) / len(CLIPS) == pytest.approx(0.25, abs=0.07)


def test_an_epoch_is_drawn_from_its_name_alone() -> None:
    assert stretches(CLIPS, 0.5, 4, "0/0") == stretches(CLIPS, 0.5, 4, "0/0")
    assert stretches(CLIPS, 0.5, 4, "0/0") != stretches(CLIPS, 0.5, 4, "0/1")


def test_a_clip_whose_words_are_not_known_is_whole() -> None:
    assert stretches([(75, ())], 0.0, 4, "0/0") == [Stretch(0, 0, 75, "")]


@pytest.mark.parametrize("bad", [("", 0, 1), ("at", 3, 3), ("at", -1, 3)])
def test_a_word_has_a_text_and_a_time(bad: tuple[str, int, int]) -> None:
    with pytest.raises(ValueError, match="0 <= start < end"):
        Word(*bad)
