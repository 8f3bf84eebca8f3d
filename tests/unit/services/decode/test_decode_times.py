"""When frames are shown: exact where it is written, derived where it is not."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.decode.times import FrameTimes

TICK = Fraction(1, 90_000)


def times_of(ticks, time_base=TICK, rate_hz=25.0):
    """(seconds, FrameTimes) of a list of (pts, dts)."""
    times = FrameTimes(time_base, rate_hz)
    return [times.next_s(pts, dts) for pts, dts in ticks], times


@given(pts=st.integers(-(1 << 62), 1 << 62), num=st.integers(1, 10_000), den=st.integers(1, 10_000_000))
def test_a_written_time_is_the_nearest_float_to_the_exact_ratio(pts, num, den):
    time_base = Fraction(num, den)
    assert times_of([(pts, None)], time_base)[0] == [float(pts * time_base)]


@given(st.lists(st.tuples(st.none(), st.none() | st.integers(-1000, 1000)), min_size=2))
def test_derived_times_always_move_on(ticks):
    seconds, times = times_of(ticks)
    assert all(after > before for before, after in itertools.pairwise(seconds))
    assert (times.num_derived, times.num_duplicates) == (len(ticks), 0)


@pytest.mark.parametrize(
    ("ticks", "rate_hz", "expected_s"),
    [
        ([(None, None)] * 3, 50.0, [0.0, 0.02, 0.04]),
        ([(None, None)] * 2, 0.0, [0.0, 0.04]),
        ([(9000, 0), (None, 18000), (27000, None)], 25.0, [0.1, 0.2, 0.3]),
        ([(9000, 0), (None, 9000)], 25.0, [0.1, 0.14]),
        ([(None, 9000), (None, None)], 25.0, [0.1, 0.14]),
    ],
)
def test_a_missing_time_comes_from_the_decoding_time_or_the_rate(ticks, rate_hz, expected_s):
    assert times_of(ticks, rate_hz=rate_hz)[0] == pytest.approx(expected_s, abs=1e-12)


def test_times_that_stand_still_or_go_back_are_counted_and_kept():
    seconds, times = times_of([(0, 0), (9000, 0), (9000, 0), (4500, 0), (18000, 0)])
    assert seconds == [0.0, 0.1, 0.1, 0.05, 0.2]
    assert (times.num_duplicates, times.num_derived) == (2, 0)


def test_what_has_elapsed_counts_from_the_first_time():
    assert times_of([(90_000, 0), (180_000, 0)])[1].elapsed_s == 1.0
    assert times_of([])[1].elapsed_s == 0.0
