"""Clips are drawn with repetition, the same ones each time."""

from services.training.talker.resampling import interval_of, resampled


def test_draws_are_of_the_seed_and_as_many_as_there_are_clips():
    drawn = list(resampled("abc", 1))
    assert len(drawn) == 1000 and {len(one) for one in drawn} == {3}
    assert drawn == list(resampled("abc", 1)) != list(resampled("abc", 2))
    assert any(len(set(one)) < 3 for one in drawn)


def test_an_interval_leaves_out_a_fortieth_at_each_end():
    assert interval_of([float(i) for i in range(1001)]) == (25.0, 975.0)
