"""Masks, gaps and times."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from services.base.errors import BadConfig
from services.records.sign.ops import fill_gaps, longest_gap_s, timestamps_ms, visible_points, visible_shares

tracks = st.tuples(st.integers(1, 40), st.integers(1, 3)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float32, (*shape, 2), elements=st.floats(0, 1, width=32)),
        hnp.arrays(np.bool_, shape),
        st.integers(0, 8),
    )
)


def gaps(mask_T):
    """(first, length) of each run of False between two True."""
    seen = np.flatnonzero(mask_T)
    return [(a + 1, b - a - 1) for a, b in itertools.pairwise(seen) if b - a > 1]


@given(tracks)
def test_exactly_the_gaps_up_to_the_limit_are_filled(track):
    xy_TNC, mask_TN, max_gap = track
    filled_TNC, filled_TN = fill_gaps(xy_TNC, mask_TN, max_gap)
    for n in range(mask_TN.shape[1]):
        expected = mask_TN[:, n].copy()
        for first, length in gaps(mask_TN[:, n]):
            expected[first : first + length] |= length <= max_gap
        np.testing.assert_array_equal(filled_TN[:, n], expected)
    untouched = mask_TN | ~filled_TN
    np.testing.assert_array_equal(filled_TNC[untouched], xy_TNC[untouched])


@given(tracks)
def test_what_is_filled_lies_between_its_ends_and_nothing_leads_or_trails(track):
    xy_TNC, mask_TN, max_gap = track
    filled_TNC, filled_TN = fill_gaps(xy_TNC, mask_TN, max_gap)
    for n in range(mask_TN.shape[1]):
        seen = np.flatnonzero(mask_TN[:, n])
        for t in np.flatnonzero(filled_TN[:, n] & ~mask_TN[:, n]):
            before, after = xy_TNC[seen[seen < t][-1], n], xy_TNC[seen[seen > t][0], n]
            assert (filled_TNC[t, n] >= np.minimum(before, after) - 1e-6).all()
            assert (filled_TNC[t, n] <= np.maximum(before, after) + 1e-6).all()


@given(tracks)
def test_filling_again_changes_nothing(track):
    xy_TNC, mask_TN, max_gap = track
    once = fill_gaps(xy_TNC, mask_TN, max_gap)
    twice = fill_gaps(*once, max_gap)
    np.testing.assert_array_equal(once[0], twice[0])
    np.testing.assert_array_equal(once[1], twice[1])


def test_a_gap_is_filled_in_equal_steps_of_frames():
    xy_TNC = np.zeros((4, 1, 2), np.float32)
    xy_TNC[3] = (0.6, 0.3)
    filled_TNC, filled_TN = fill_gaps(xy_TNC, np.array([[True], [False], [False], [True]]), 2)
    np.testing.assert_allclose(filled_TNC[:, 0], [(0, 0), (0.2, 0.1), (0.4, 0.2), (0.6, 0.3)], atol=1e-7)
    assert filled_TN.all()


TRACK_TNC = np.array([0.0, 0.0, 0.9], np.float32)[:, None, None].repeat(2, axis=2)
GAP_TN = np.array([[True], [False], [True]])


@pytest.mark.parametrize(
    ("times_s", "expected"),
    [
        ([0.0, 0.1, 0.3], 0.3),
        ([0.0, 0.2, 0.3], 0.6),
        # Written to the millisecond: equal steps.
        ([0.0, 0.067, 0.133], 0.45),
    ],
)
def test_a_gap_is_filled_by_time(times_s, expected):
    filled_TNC, _ = fill_gaps(TRACK_TNC, GAP_TN, 5, np.array(times_s))
    assert filled_TNC[1, 0].tolist() == pytest.approx([expected] * 2, abs=1e-7)


def test_no_gap_is_filled_across_a_cut_or_over_a_long_time():
    times_s_T = np.array([0.0, 0.5, 3.1])
    assert fill_gaps(TRACK_TNC, GAP_TN, 5, times_s_T)[1].all()
    assert not fill_gaps(TRACK_TNC, GAP_TN, 5, times_s_T, None, 1.0)[1][1].any()
    for start in (1, 2):
        starts_T = np.arange(3) == start
        assert not fill_gaps(TRACK_TNC, GAP_TN, 5, times_s_T, starts_T)[1][1].any()
    assert fill_gaps(TRACK_TNC, GAP_TN, 5, times_s_T, np.arange(3) == 0)[1].all()


@pytest.mark.parametrize(
    ("rate_hz", "max_gap", "target_fps", "expected_s"),
    [
        (15.0, 5, 15.0, 0.6),
        (30.0, 5, 15.0, 0.6),
        (12.0, 5, 15.0, 0.75),
        # Never over a second, unless more is asked for.
        (2.0, 5, 15.0, 1.002),
        (15.0, 44, 15.0, 3.002),
    ],
)
def test_how_long_a_gap_may_be(rate_hz, max_gap, target_fps, expected_s):
    assert longest_gap_s(np.arange(9) / rate_hz, max_gap, target_fps) == pytest.approx(expected_s)


def test_pose_is_visible_by_confidence_and_hands_by_presence(keypoints):
    points = keypoints(3)
    confidence_TN = np.full((3, 78), 0.4, np.float32)
    confidence_TN[:, 7] = 0.5
    _, mask_TN = visible_points(dataclasses.replace(points, confidence_TN=confidence_TN), 0.5)
    assert np.flatnonzero(mask_TN[0, :25]).tolist() == [7]
    assert mask_TN[:, 25:].all()


def test_points_are_clamped_and_absent_ones_are_zero(keypoints):
    points = keypoints(2)
    xy_TNC = points.xy_TNC.copy()
    xy_TNC[0, 0], xy_TNC[1, 1], xy_TNC[1, 2] = (-0.2, 1.3), (np.nan, 0.5), (0.5, 0.5)
    present_TN = points.present_TN.copy()
    present_TN[1, 2] = False
    given_TNC, mask_TN = visible_points(dataclasses.replace(points, xy_TNC=xy_TNC, present_TN=present_TN), 0.5)
    assert given_TNC[0, 0].tolist() == [0.0, 1.0]
    assert given_TNC[1, 1].tolist() == given_TNC[1, 2].tolist() == [0.0, 0.0]
    assert not mask_TN[1, 1] and not mask_TN[1, 2]


def test_a_pose_point_below_the_threshold_keeps_its_place(keypoints):
    points = keypoints(2)
    given_TNC, mask_TN = visible_points(dataclasses.replace(points, confidence_TN=points.confidence_TN * 0.1), 0.5)
    assert not mask_TN[:, :25].any()
    np.testing.assert_array_equal(given_TNC[:, :25], points.xy_TNC[:, :25])


def test_another_layout_is_refused(keypoints):
    points = keypoints(2)
    other = dataclasses.replace(
        points,
        xy_TNC=points.xy_TNC[:, :33],
        confidence_TN=points.confidence_TN[:, :33],
        present_TN=points.present_TN[:, :33],
    )
    with pytest.raises(BadConfig, match="OTHER_LAYOUT"):
        visible_points(other, 0.5)


def test_times_are_rounded_down_but_not_by_a_rounding_error():
    assert timestamps_ms(np.array([0.0, 1 / 15, 2 / 15, 0.29, 1.1])).tolist() == [0, 66, 133, 290, 1100]


@given(st.lists(st.floats(-5, 1e5), min_size=1, max_size=50))
def test_times_are_never_negative_and_never_go_back(times_s):
    times_ms = timestamps_ms(np.array(times_s))
    assert times_ms.dtype == np.int64
    assert (times_ms >= 0).all() and (np.diff(times_ms) >= 0).all()


def test_shares_of_frames_with_hands():
    mask_TN = np.zeros((4, 78), np.bool_)
    mask_TN[0, 30] = mask_TN[1, 50] = mask_TN[1, 30] = True
    assert visible_shares(mask_TN) == {
        "left_hand_share": 0.5,
        "right_hand_share": 0.25,
        "hands_share": 0.5,
        "person_share": 0.5,
        "visible_share": round(3 / 312, 4),
    }
