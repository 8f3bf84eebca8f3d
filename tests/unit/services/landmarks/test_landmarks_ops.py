"""Bridging of losses and the measures of distance between two sets of points."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.media import Landmarks, PointSource
from services.base.topology import IBUG_68, MEDIAPIPE_478, topology
from services.landmarks.ops import (
    box_iou,
    group_boxes,
    hold_ends,
    interpolate_short_losses,
    losses,
    normalised_error,
    summary,
)

FACE_NC = np.random.default_rng(7).uniform(50, 150, (68, 2)).astype(np.float32)


def clip(pattern: str) -> Landmarks:
    """One letter a frame: D detected, t tracked, i interpolated, . missing. The face moves by (1, 2) px a frame."""
    letters = {".": PointSource.MISSING, "D": PointSource.DETECTED, "t": PointSource.TRACKED}
    source_T = np.array([letters.get(letter, PointSource.INTERPOLATED) for letter in pattern], np.uint8)
    steps_T = np.arange(len(pattern), dtype=np.float32)
    points_TNC = FACE_NC + steps_T[:, None, None] * np.array([1, 2], np.float32)
    points_TNC[source_T == PointSource.MISSING] = np.nan
    score_T = np.where(np.isin(source_T, (1, 2)), 0.9, 0.0).astype(np.float32)
    return Landmarks(IBUG_68, points_TNC.astype(np.float32), score_T, source_T, 360, 288)


def pattern_of(landmarks: Landmarks) -> str:
    return "".join(".Dti"[source] for source in landmarks.source_T)


@pytest.mark.parametrize(
    ("before", "max_gap_frames", "after"),
    [
        ("D..D", 2, "DiiD"),
        ("D...D", 2, "D...D"),
        ("..Dt.t..", 5, "..Dtit.."),
        ("D.D", 0, "D.D"),
        ("....", 9, "...."),
        ("", 9, ""),
        ("t.D..D...D", 2, "tiDiiD...D"),
    ],
)
def test_only_short_losses_inside_are_interpolated(before: str, max_gap_frames: int, after: str) -> None:
    assert pattern_of(interpolate_short_losses(clip(before), max_gap_frames)) == after


def test_interpolation_is_linear_in_the_frame_and_changes_nothing_else() -> None:
    holed, whole = clip("D..tt"), clip("DDDtt")
    bridged = interpolate_short_losses(holed, 2)
    np.testing.assert_allclose(bridged.points_TNC, whole.points_TNC, atol=1e-4)
    np.testing.assert_array_equal(bridged.points_TNC[[0, 3, 4]], holed.points_TNC[[0, 3, 4]])
    assert list(bridged.score_T) == list(holed.score_T)
    assert pattern_of(holed) == "D..tt"


def test_a_negative_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        interpolate_short_losses(clip("D.D"), -1)


def test_ends_are_held_and_inner_losses_left() -> None:
    held = hold_ends(clip("..D.t."))
    assert pattern_of(held) == "iiD.ti"
    np.testing.assert_array_equal(held.points_TNC[0], held.points_TNC[2])
    np.testing.assert_array_equal(held.points_TNC[5], held.points_TNC[4])
    assert np.isnan(held.points_TNC[3]).all()


@pytest.mark.parametrize("pattern", ["", "...", "DtD"])
def test_there_may_be_nothing_to_hold(pattern: str) -> None:
    assert pattern_of(hold_ends(clip(pattern))) == pattern


@given(st.text(alphabet=".Dt", max_size=40), st.integers(0, 12))
def test_missing_and_nan_agree_after_any_bridging(pattern: str, max_gap_frames: int) -> None:
    bridged = hold_ends(interpolate_short_losses(clip(pattern), max_gap_frames))
    assert list(~np.isnan(bridged.points_TNC).any(axis=(1, 2))) == list(bridged.present_T)
    assert [b for a, b in zip(pattern, pattern_of(bridged), strict=True) if a != "."] == [
        a for a in pattern if a != "."
    ]


@given(st.text(alphabet=".D", max_size=40))
def test_losses_are_the_runs_of_missing_frames(pattern: str) -> None:
    covered = {frame for start, stop in losses(clip(pattern)) for frame in range(start, stop)}
    assert covered == {frame for frame, letter in enumerate(pattern) if letter == "."}


def test_error_is_mean_distance_over_the_eyes_distance() -> None:
    reference = clip("DD.")
    moved = Landmarks(
        IBUG_68,
        reference.points_TNC + np.array([3, 4], np.float32),
        reference.score_T,
        np.array([1, 0, 0], np.uint8),
        360,
        288,
    )
    eyes = np.linalg.norm(FACE_NC[36].astype(float) - FACE_NC[45])
    error_T = normalised_error(moved, reference)
    assert error_T[0] == pytest.approx(5 / eyes, rel=1e-5)
    assert np.isnan(error_T[2])
    assert not normalised_error(reference, reference)[:2].any()


def test_only_the_same_points_of_the_same_clip_compare() -> None:
    with pytest.raises(ValueError, match="compare the same points"):
        normalised_error(clip("DD"), clip("D"))
    mesh = Landmarks(
        MEDIAPIPE_478, np.zeros((1, 478, 2), np.float32), np.ones(1, np.float32), np.ones(1, np.uint8), 9, 9
    )
    with pytest.raises(ValueError, match="compare the same points"):
        normalised_error(mesh, clip("D"))


def test_a_groups_box_is_widened_by_shares_of_its_size() -> None:
    boxes_T4 = group_boxes(clip("D."), "lips", 0.2, 0.5)
    lips = FACE_NC[list(topology(IBUG_68).group("lips"))]
    (left, top), (right, bottom) = lips.min(axis=0), lips.max(axis=0)
    dx, dy = 0.2 * (right - left), 0.5 * (bottom - top)
    np.testing.assert_allclose(boxes_T4[0], [left - dx, top - dy, right + dx, bottom + dy], rtol=1e-5)
    assert np.isnan(boxes_T4[1]).all()


@pytest.mark.parametrize(
    ("box", "other", "iou"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 2, 2), (2, 2, 4, 4), 0.0),
        ((0, 0, 2, 2), (5, 5, 6, 6), 0.0),
        ((0, 0, 4, 4), (1, 1, 3, 3), 0.25),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0.0),
    ],
)
def test_intersection_over_union(box: tuple[int, ...], other: tuple[int, ...], iou: float) -> None:
    assert box_iou(box, other) == pytest.approx(iou)
    assert box_iou([other, other], [box, box]) == pytest.approx([iou, iou])


def test_the_summary_counts_and_is_json() -> None:
    facts = summary(clip("..Dt.tii"))
    assert json.loads(json.dumps(facts)) == {
        "num_frames": 8,
        "num_missing": 3,
        "num_detected": 1,
        "num_tracked": 2,
        "num_interpolated": 2,
        "longest_loss_frames": 2,
        "mean_score": 0.9,
    }
    assert summary(clip(""))["mean_score"] == 0.0
