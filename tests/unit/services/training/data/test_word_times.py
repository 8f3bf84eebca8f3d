"""Words of a clip by the place of its record."""

from __future__ import annotations

import pytest

from services.base.errors import BadInput
from services.formats.words import WordRow
from services.training.data.word_times import WordTimes
from services.training.lipreading.windows import Word


def rows(*words: tuple[str, int, int], position: int = 0) -> list[WordRow]:
    return [WordRow("s1/a", "train", 0, position, i, *word) for i, word in enumerate(words)]


def words_of(*words: tuple[str, int, int], num_frames: int = 20) -> tuple[Word, ...]:
    return WordTimes(rows(*words)).of("train", 0, 0, num_frames)


def test_words_are_found_by_the_place_of_the_record() -> None:
    times = WordTimes([*rows(("bin", 2, 5), ("at", 5, 9)), *rows(("bin", 1, 4), position=1)])
    assert times.of("train", 0, 0, 20) == (Word("bin", 2, 5), Word("at", 5, 9))
    assert times.of("train", 0, 1, 20) == (Word("bin", 1, 4),)
    assert times.of("val", 0, 0, 20) == times.of("train", 1, 0, 20) == ()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param([("bin", 2, 5), ("at", 5, 21)], (Word("bin", 2, 5), Word("at", 5, 20)), id="a frame behind"),
        pytest.param([("bin", 2, 5), ("at", 5, 22)], (), id="two frames behind"),
        pytest.param([("bin", 2, 5), ("at", 20, 21)], (), id="nothing of the last word"),
        pytest.param([("bin", 2, 9), ("at", 2, 9)], (Word("bin at", 2, 9),), id="one time for two words"),
        pytest.param([("bin", 2, 5), ("at", 4, 9)], (Word("bin", 2, 5), Word("at", 4, 9)), id="neighbours that touch"),
        pytest.param([("bin", 2, 8), ("at", 4, 9)], (), id="words over each other"),
        pytest.param([("bin", -1, 8)], (), id="before the clip"),
    ],
)
def test_times_that_are_not_those_of_the_frames_are_none(words, expected) -> None:
    assert words_of(*words) == expected


def test_rows_of_a_clip_stand_together() -> None:
    apart = [*rows(("bin", 2, 5)), *rows(("at", 2, 5), position=1), *rows(("at", 5, 9))]
    with pytest.raises(BadInput, match="BAD_WORDS"):
        WordTimes(apart)
