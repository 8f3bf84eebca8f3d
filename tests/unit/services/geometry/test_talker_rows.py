"""Which point of a detector stands in which of the 110 rows."""

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.base.media.points import Landmarks
from services.base.media.topology import IBUG_68, MEDIAPIPE_478, PFLD_110, WFLW_98, topology
from services.geometry.talker_rows import rows_110


def numbered(name: str) -> Landmarks:
    """Two frames, the second without a face; each point's x is its number, its y the number's negative."""
    number_N = np.arange(topology(name).num_points, dtype=np.float32)
    points_TNC = np.stack([np.stack([number_N, -number_N], 1), np.full((len(number_N), 2), np.nan, np.float32)])
    return Landmarks(name, points_TNC, np.array([1, 0], np.float32), np.array([1, 0], np.uint8), 640, 480)


def rows_of(name: str) -> list[int]:
    rows_TNC = rows_110(numbered(name))
    assert rows_TNC.shape == (2, 110, 2) and rows_TNC.dtype == np.float32
    np.testing.assert_array_equal(rows_TNC[0, :, 0], -rows_TNC[0, :, 1])
    assert np.isnan(rows_TNC[1]).all()
    return rows_TNC[0, :, 0].astype(int).tolist()


def test_110_points_are_the_rows() -> None:
    assert rows_of(PFLD_110) == list(range(110))


def test_of_98_points_contour_bridge_and_mouth_are_as_the_original_has_them() -> None:
    rows = rows_of(WFLW_98)
    assert rows[:33] == list(range(33))
    assert rows[51:55] == [54, 53, 52, 51]
    assert rows[90:] == list(range(76, 96))


def test_of_the_mesh_the_crop_is_taken_from_three_vertices() -> None:
    rows = rows_of(MEDIAPIPE_478)
    assert [rows[row] for row in (1, 31, 52)] == [127, 356, 51]


@pytest.mark.parametrize("name", [WFLW_98, MEDIAPIPE_478])
@pytest.mark.parametrize("group", ["outer_eye_corners", "outer_lips", "inner_lips", "mouth_corners", "inner_lip_gap"])
def test_a_row_of_a_named_group_is_a_point_of_that_group(name: str, group: str) -> None:
    rows, of_detector = rows_of(name), topology(name).group(group)
    found = [rows[row] for row in topology(PFLD_110).group(group)]
    assert set(found) <= set(of_detector)
    assert len(set(found)) == len(found)
    if len(found) == 2:
        assert found == list(of_detector)


def test_a_face_mirrored_has_its_rows_mirrored() -> None:
    rows, of_wflw, of_rows = rows_of(WFLW_98), topology(WFLW_98).mirror, topology(PFLD_110).mirror
    assert [of_wflw[rows[row]] for row in range(110)] == [rows[of_rows[row]] for row in range(110)]


def test_points_without_the_contour_are_refused() -> None:
    with pytest.raises(BadConfig, match=r"OTHER_TOPOLOGY: points of ibug-68 .*mediapipe-478, pfld-110, wflw-98"):
        rows_110(numbered(IBUG_68))
