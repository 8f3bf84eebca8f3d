"""Clips are drawn with repetition, the same ones each time."""

import pytest

from services.training.talker.resampling import blocks_of, interval_of, resampled


def test_draws_are_of_the_seed_and_as_many_as_there_are_clips():
    drawn = list(resampled("abc", 1))
    assert len(drawn) == 1000 and {len(one) for one in drawn} == {3}
    assert drawn == list(resampled("abc", 1)) != list(resampled("abc", 2))
    assert any(len(set(one)) < 3 for one in drawn)


def test_an_interval_leaves_out_a_fortieth_at_each_end():
    assert interval_of([float(i) for i in range(1001)]) == (25.0, 975.0)


@pytest.mark.parametrize(
    ("frames", "sizes"),
    [
        ([], []),
        (range(180, 200), [20]),
        (range(100, 160), [30, 30]),
        (range(0, 150), [25] * 6),
        (range(0, 300, 12), [3, 2, 2, 2, 2, 3, 2, 2, 2, 2, 3]),
        ([*range(10), *range(90, 100)], [10, 10]),
    ],
)
def test_frames_of_a_second_stay_together(frames, sizes):
    """Also where frames are missing, or chosen at distances."""
    blocks = blocks_of(list(frames))
    assert [len(block) for block in blocks] == sizes
    assert [place for block in blocks for place in block] == list(range(len(frames)))
