"""What becomes of each frame of a talking head: its points in whole pixels, its crop, whether it is usable."""

import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import PFLD_110
from services.geometry.talker_points import TalkerPoints, smoothed, talker_points


def face(pattern: str, left: np.ndarray | float = 100.0, side: np.ndarray | float = 120.0) -> Landmarks:
    """D: found, t: tracked, ".": no face. The crop begins at left and 80 down."""
    num = len(pattern)
    points_TNC = np.full((num, 110, 2), 90.0, np.float32)
    points_TNC[:, 1, 0], points_TNC[:, 31, 0], points_TNC[:, 52, 1] = left, np.add(left, side), 80.0
    points_TNC[:, 90, 0] = np.arange(num) + 0.3
    source_T = np.array([".Dt".index(one) for one in pattern], np.uint8)
    points_TNC[source_T == 0] = np.nan
    return Landmarks(PFLD_110, points_TNC, (source_T > 0).astype(np.float32), source_T, 640, 480)


def points_of(landmarks: Landmarks, max_bridged_frames: int = 3, *, smooth: bool = False) -> TalkerPoints:
    return talker_points(landmarks, max_bridged_frames=max_bridged_frames, smooth=smooth)


@pytest.mark.parametrize(
    ("pattern", "sources", "usable"),
    [
        ("DttttD", "DttttD", "++++++"),
        ("Dt..tt", "Dtiitt", "++++++"),
        ("Dt...ttt", "Dtiiittt", "++++++++"),
        ("Dtt....ttt", "Dtt....ttt", "+++----+++"),
        (".Dttt.", ".Dttt.", "-++++-"),
        ("DttD.t", "DttDit", "++++++"),
    ],
)
def test_short_losses_are_bridged_and_long_ones_are_marked(pattern: str, sources: str, usable: str) -> None:
    found = points_of(face(pattern))
    assert "".join(".Dti"[source] for source in found.source_T) == sources
    assert "".join("-+"[is_usable] for is_usable in found.usable_T.astype(int)) == usable
    assert found.num_missing == pattern.count(".")
    assert found.num_bridged == sources.count("i")
    assert len(found.pixels_TNC) == len(found.boxes_T3) == len(pattern)


def test_a_bridge_is_a_line_and_an_unusable_frame_has_the_nearest_points() -> None:
    found = points_of(face("DD..DDDD....DDD"))
    assert found.pixels_TNC[:, 90, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 12, 12, 12, 13, 14]
    assert np.isnan(found.found_TNC[2]).all(), "what was found stays as it was"


def test_no_bridge_leads_from_one_scene_to_another() -> None:
    left_T = np.where(np.arange(10) < 5, 100.0, 400.0)
    assert points_of(face("DDDD..DDDD", left_T)).num_bridged == 0


@pytest.mark.parametrize(("pattern", "num_cuts"), [("DtttDttt", 1), ("Dttt..tt", 1), ("Dt....tt", 0)])
def test_a_face_that_jumps_is_counted_and_one_that_comes_back_elsewhere_is_not(pattern: str, num_cuts: int) -> None:
    """After a long loss a face may be anywhere. Here it jumps by its width behind the fourth frame."""
    left_T = np.where(np.arange(8) < 4, 100.0, 220.0)
    assert points_of(face(pattern, left_T)).num_cuts == num_cuts
    assert points_of(face(pattern)).num_cuts == 0


@pytest.mark.parametrize("pattern", ["DD...", "....", "."])
def test_more_than_half_of_the_frames_without_a_face_are_no_person(pattern: str) -> None:
    with pytest.raises(BadInput, match=f"NO_FACE: {pattern.count('.')} of {len(pattern)} frames show no face"):
        points_of(face(pattern))
    assert points_of(face("DD..")).num_missing == 2


def test_a_face_too_small_or_upside_down_is_none() -> None:
    side_T = np.array([120, 120, -120, 120, 5, 120], float)
    found = points_of(face("DDDDDD", 100.0, side_T), 0)
    assert found.usable_T.tolist() == [True, True, False, True, False, True]
    assert found.source_T[2] == PointSource.MISSING


def test_the_crop_is_what_the_original_takes_from_the_pixels() -> None:
    rng = np.random.default_rng(0)
    found = points_of(face("D" * 30, 100 + rng.normal(0, 2, 30), 120 + rng.normal(0, 2, 30)), smooth=True)
    pixels_TNC, boxes_T3 = found.pixels_TNC, found.boxes_T3
    assert pixels_TNC.dtype == np.int32
    np.testing.assert_array_equal(pixels_TNC[:, 1, 0], boxes_T3[:, 0])
    np.testing.assert_array_equal(pixels_TNC[:, 52, 1], boxes_T3[:, 1])
    np.testing.assert_array_equal(pixels_TNC[:, 31, 0] - pixels_TNC[:, 1, 0], boxes_T3[:, 2])


def test_a_smoothed_crop_shakes_less_and_follows_a_turn() -> None:
    """A head that turns to and fro once a second, found with an error of a pixel and a half."""
    rng = np.random.default_rng(1)
    true_T = 200 + 25 * np.sin(np.arange(200) * 2 * np.pi / 25)
    shaking = face("D" * 200, true_T + rng.normal(0, 1.5, 200), 120 + rng.normal(0, 1.5, 200))
    raw, smooth = points_of(shaking), points_of(shaking, smooth=True)

    def shake(found: TalkerPoints) -> float:
        return float(np.abs(np.diff(found.boxes_T3[:, 0] + found.boxes_T3[:, 2] / 2 - true_T)).mean())

    assert shake(smooth) < 0.6 * shake(raw)
    assert np.abs(smooth.boxes_T3[:, 0] - true_T).max() < 4


def test_a_cut_is_not_smoothed_over() -> None:
    left_T = np.where(np.arange(40) < 20, 100.0, 300.0)
    np.testing.assert_array_equal(points_of(face("D" * 40, left_T), smooth=True).boxes_T3[:, 0], left_T)


@pytest.mark.parametrize("num", [1, 4, 5, 6, 8, 9, 10, 30])
def test_a_polynomial_of_degree_3_stays_as_it_is(num: int) -> None:
    t = np.arange(num) / 10
    values_TC = np.stack([t**3 - t, 2 * t**2, np.ones(num)], axis=1)
    np.testing.assert_allclose(smoothed(values_TC), values_TC, atol=1e-9)


def test_smoothing_is_that_of_savitzky_and_golay() -> None:
    """Their published weights of 9 points and degree 2 or 3."""
    values_TC = np.random.default_rng(0).normal(size=(20, 1))
    weights = np.array([-21, 14, 39, 54, 59, 54, 39, 14, -21]) / 231
    expected_T = np.convolve(values_TC[:, 0], weights, "valid")
    np.testing.assert_allclose(smoothed(values_TC)[4:-4, 0], expected_T)
