"""When frames are shown: exact where it is written, derived where it is not."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.containers.times import FrameTimes, in_decoding_order

TICK = Fraction(1, 90_000)


def times_of(ticks, time_base=TICK, rate_hz=25.0):
    """(seconds, FrameTimes) of a list of (pts, dts)."""
    times = FrameTimes(time_base, rate_hz)
    after = [*(pts for pts, _ in ticks[1:]), None]
    return [times.next_s(pts, dts, lambda i=i: after[i]) for i, (pts, dts) in enumerate(ticks)], times


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


@given(st.lists(st.none() | st.integers(-100_000, 100_000), min_size=2, max_size=40))
def test_times_always_rise_whatever_is_written(pts):
    seconds, _ = times_of([(ticks, None) for ticks in pts])
    assert all(after > before for before, after in itertools.pairwise(seconds))


HZ_10 = [9000 * i for i in range(6)]


@pytest.mark.parametrize(
    ("pts", "expected_s", "num_duplicates", "num_restarts"),
    [
        # One that stands still, one that goes back: half-way to the next.
        ([0, 9000, 9000, 18000], [0.0, 0.1, 0.15, 0.2], 1, 0),
        ([0, 9000, 4500, 18000], [0.0, 0.1, 0.15, 0.2], 1, 0),
        # At the end: a frame after the last.
        ([0, 9000, 18000, 18000], [0.0, 0.1, 0.2, 0.3], 1, 0),
        # Two recordings in one file.
        ([*HZ_10, *HZ_10], [i / 10 for i in range(12)], 1, 1),
        ([*HZ_10, -18000, -9000, 0], [i / 10 for i in range(9)], 1, 1),
        ([*HZ_10, *HZ_10, *HZ_10], [i / 10 for i in range(18)], 2, 2),
        # The second one by a clock far ahead; a leap for one frame.
        ([*HZ_10, *(t + 90_000 * 500 for t in HZ_10)], [i / 10 for i in range(12)], 0, 1),
        ([0, 9000, 18000, 90_000 * 500, 27000, 36000], [i / 10 for i in range(6)], 1, 2),
        # A hole is a hole.
        ([0, 9000, 18000, 90_000 * 30], [0.0, 0.1, 0.2, 30.0], 0, 0),
        # Times that were made up for want of written ones give way to them.
        ([None, None, 0, 3600, 7200], [0.0, 0.04, 0.08, 0.12, 0.16], 0, 0),
    ],
)
def test_times_that_do_not_go_on_are_repaired_and_counted(pts, expected_s, num_duplicates, num_restarts):
    seconds, times = times_of([(ticks, None) for ticks in pts], rate_hz=25.0)
    assert seconds == pytest.approx(expected_s, abs=1e-9)
    assert (times.num_duplicates, times.num_restarts) == (num_duplicates, num_restarts)


@pytest.mark.parametrize(
    ("pts", "declared", "measured"),
    [
        ([0, 3600, 7200, 10800], (25.0, 0.16), (25.0, 0.16)),
        # Written to the millisecond: what is declared is confirmed.
        ([0, 3060, 5940, 9000, 12060], (29.97, 0.167), (29.97, 0.167)),
        # A webcam at 8 a second under a header of 30.
        ([0, 11250, 22500, 33750], (30.0, 0.0), (8.0, 0.5)),
        # A hole is no rate.
        ([0, 9000, 18000, 900_000, 909_000], (10.0, 10.2), (10.0, 10.2)),
        ([0], (25.0, 3.0), (25.0, 0.04)),
        ([], (25.0, 3.0), (25.0, 3.0)),
    ],
)
def test_rate_and_duration_are_measured(pts, declared, measured):
    _, times = times_of([(ticks, None) for ticks in pts], rate_hz=declared[0])
    found = (times.measured_rate_hz(), times.measured_duration_s(declared[1]))
    assert found == pytest.approx(measured, abs=1e-9)


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        # AVI with B frames, as its frames leave the decoder; the last ones have no decoding time.
        ([(1, 2), (4, 3), (3, 4), (5, 5), (2, None)], True),
        ([(0, 0), (384, 384), (768, 768)], False),
        # Times that begin anew, one that stands still, and none at all.
        ([(48, 48), (51, 51), (0, 0), (3, 3)], False),
        ([(0, 0), (1, 1), (1, 2), (2, 3)], False),
        ([(None, None)] * 3, False),
    ],
)
def test_times_in_the_order_of_storing_are_known(ticks, expected):
    assert in_decoding_order(ticks) is expected


def test_what_has_elapsed_counts_from_the_first_time():
    assert times_of([(90_000, 0), (180_000, 0)])[1].elapsed_s == 1.0
    assert times_of([])[1].elapsed_s == 0.0
