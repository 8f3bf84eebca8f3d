"""Runs of missing frames, and which of them are bridged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from point_measures import clip

from services.base.media.points import Landmarks
from services.geometry.tracks import interpolate_short_losses, losses, runs


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


@given(st.text(alphabet=".Dt", max_size=40), st.integers(0, 12))
def test_missing_and_nan_agree_after_any_bridging(pattern: str, max_gap_frames: int) -> None:
    bridged = interpolate_short_losses(clip(pattern), max_gap_frames)
    assert list(~np.isnan(bridged.points_TNC).any(axis=(1, 2))) == list(bridged.present_T)
    assert [b for a, b in zip(pattern, pattern_of(bridged), strict=True) if a != "."] == [
        a for a in pattern if a != "."
    ]


@given(st.text(alphabet=".D", max_size=40))
def test_losses_are_the_runs_of_missing_frames(pattern: str) -> None:
    covered = {frame for start, stop in losses(clip(pattern)) for frame in range(start, stop)}
    assert covered == {frame for frame, letter in enumerate(pattern) if letter == "."}


@pytest.mark.parametrize(
    ("pattern", "found"), [("", []), ("..", []), ("++", [(0, 2)]), ("+..++.+", [(0, 1), (3, 5), (6, 7)])]
)
def test_runs_are_told_by_their_first_and_the_one_past_their_last(pattern: str, found: list[tuple[int, int]]) -> None:
    assert runs(np.array([one == "+" for one in pattern], bool)) == found
