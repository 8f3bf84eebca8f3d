"""Which frames are kept: a grid of exact times, and the decimation that older data sets were made with."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.containers.sampling import EPSILON_S, sampled


def kept_s(times_s, sampling, target_hz):
    return [time_s for _, time_s in sampled(((None, float(t)) for t in times_s), sampling, target_hz)]


def steady_s(rate_hz, num_frames, start_s=0.0):
    return [start_s + i / rate_hz for i in range(num_frames)]


rising = st.lists(st.floats(0.0005, 0.5), min_size=1, max_size=120).map(lambda gaps: list(itertools.accumulate(gaps)))
rates = st.sampled_from([5.0, 12.5, 15.0, 24.0, 25.0, 29.97, 30.0, 60.0])


def test_all_keeps_all():
    assert kept_s([0.0, 0.1, 0.1], "all", 0.0) == [0.0, 0.1, 0.1]


@given(rising, rates, st.sampled_from(["grid", "decimate"]))
def test_frames_are_kept_in_order_and_none_twice(times_s, target_hz, sampling):
    kept = kept_s(times_s, sampling, target_hz)
    assert kept
    assert set(kept) <= set(times_s)
    assert all(a < b for a, b in itertools.pairwise(kept))


@given(rising, rates)
def test_the_first_frame_is_always_kept(times_s, target_hz):
    assert kept_s(times_s, "grid", target_hz)[0] == times_s[0]


@given(st.lists(st.floats(1.0, 20.0), max_size=60), rates, st.floats(0, 1000))
def test_a_source_slower_than_the_grid_keeps_every_frame(gaps_periods, target_hz, start_s):
    times_s = list(itertools.accumulate((g / target_hz for g in gaps_periods), initial=start_s))
    assert kept_s(times_s, "grid", target_hz) == times_s


@given(st.floats(15.6, 240.0), st.integers(2, 200), st.floats(0, 100))
def test_of_a_faster_source_each_kept_frame_is_the_nearest_to_its_grid_time(rate_hz, num_frames, start_s):
    times_s = np.array(steady_s(rate_hz, num_frames, start_s))
    kept = kept_s(times_s, "grid", 15.0)
    num_grid = int((times_s[-1] - start_s) * 15.0) + 1
    for k in range(num_grid):
        target_s = start_s + k / 15.0
        nearest_s = np.abs(times_s - target_s).min()
        assert np.abs(np.array(kept) - target_s).min() <= nearest_s + EPSILON_S + 1e-9


@given(st.sampled_from([15.0, 25.0, 29.97, 30.0, 60.0]), st.integers(2, 2000))
def test_whole_milliseconds_lose_no_frame_of_a_source_of_the_same_rate(rate_hz, num_frames):
    times_s = [round(t, 3) for t in steady_s(rate_hz, num_frames)]
    assert kept_s(times_s, "grid", rate_hz) == times_s


@pytest.mark.parametrize("nominal_hz", [30.0, 30.0 * 1000 / 1001])
def test_thirty_a_second_are_all_kept_at_either_thirty(nominal_hz):
    times_s = [round(t, 3) for t in steady_s(nominal_hz, 3000)]
    assert kept_s(times_s, "grid", 30.0) == times_s


def test_every_second_of_thirty_is_kept_at_fifteen():
    times_s = steady_s(30, 44)
    assert kept_s(times_s, "grid", 15.0) == times_s[::2]


def test_a_late_start_moves_the_grid_along():
    assert kept_s(steady_s(30, 9, 7.013), "grid", 15.0) == steady_s(30, 9, 7.013)[::2]


def test_a_gap_stays_a_gap_and_nothing_is_made_up_for():
    times_s = [*steady_s(30, 10), *steady_s(30, 10, 3.0)]
    kept = kept_s(times_s, "grid", 15.0)
    assert max(b - a for a, b in itertools.pairwise(kept)) > 2.6
    assert min(b - a for a, b in itertools.pairwise(kept)) > 0.06


def test_times_that_do_not_go_on_are_left_out():
    assert kept_s([0.0, 0.1, 0.1, 0.05, 0.2], "grid", 30.0) == [0.0, 0.1, 0.2]


def test_a_burst_of_a_variable_rate_is_thinned_and_the_slow_part_is_kept():
    slow = [0.0, 0.2, 0.4]
    burst = [0.4 + i / 120 for i in range(1, 25)]
    kept = kept_s(slow + burst, "grid", 15.0)
    assert kept[:3] == slow
    assert 2 <= len(kept) - 3 <= 4


def test_decimation_of_25_to_15_is_as_uneven_as_it_always_was():
    times_s = steady_s(25, 107)
    assert [round(t * 1000) for t in kept_s(times_s, "decimate", 15.0)[:4]] == [0, 80, 160, 200]
    assert len(kept_s(times_s, "decimate", 15.0)) == 64


@pytest.mark.parametrize("start_s", [0.2, 0.5, 1.4, 95443.7])
@pytest.mark.parametrize("rate_hz", [29.97, 50.0, 60.0])
def test_decimation_after_a_late_start_catches_up_nothing(start_s, rate_hz):
    kept = kept_s(steady_s(rate_hz, 120, start_s), "decimate", 15.0)
    assert kept[0] == start_s
    assert abs(len(kept) - 120 * 15 / rate_hz) <= 1
    assert min(b - a for a, b in itertools.pairwise(kept)) > 1 / 15 - 1 / rate_hz


@pytest.mark.parametrize("start_s", [-0.5, 0.1, 0.5333, 7.013])
def test_decimation_is_the_same_wherever_a_clip_begins(start_s):
    from_zero = kept_s(steady_s(29.97, 116), "decimate", 15.0)
    assert kept_s(steady_s(29.97, 116, start_s), "decimate", 15.0) == [start_s + t for t in from_zero]


def test_decimation_of_a_clip_that_begins_within_the_first_period_counts_from_0_as_it_always_did():
    assert kept_s([0.05, 0.07, 0.12, 0.14], "decimate", 15.0) == [0.05, 0.07, 0.14]


def test_decimation_after_a_gap_goes_on_as_before():
    times_s = [*steady_s(30, 31), *steady_s(30, 120, 4.01)]
    assert kept_s(times_s, "decimate", 15.0) == times_s[:31:2] + times_s[31::2]


@pytest.mark.parametrize("dropped", [1, 2, 3, 17])
def test_a_dropped_frame_leaves_decimation_as_it_was(dropped):
    times_s = [t for i, t in enumerate(steady_s(30, 60)) if i != dropped]
    assert kept_s(times_s, "decimate", 30.0)[-20:] == times_s[-20:]
