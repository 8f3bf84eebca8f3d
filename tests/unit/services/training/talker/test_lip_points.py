"""Lips are found where the network says, in the picture's own pixels; a file of something else is refused."""

from pathlib import Path

import numpy as np
import pytest
from onnx_judges import points_file

pytest.importorskip("onnxruntime")

from services.base.errors import BadConfig
from services.lips.talker_crop import CropBox
from services.training.talker.lip_points import LipPoints, lip_distance


def test_points_are_those_of_the_square_in_the_picture(tmp_path: Path) -> None:
    points = LipPoints(points_file(tmp_path / "p.onnx"))
    picture = np.full((100, 100, 3), 255, np.uint8)
    found = points(picture, CropBox(20, 10, 50))
    # White lips lie at 1, eyes at 0 and 1, of the square's side.
    assert found.shape == (98, 2) and found[76].tolist() == [70, 60]
    assert found[60].tolist() == [20, 10] and found[72].tolist() == [70, 10]


def test_a_distance_is_a_share_of_that_of_the_eyes(tmp_path: Path) -> None:
    points, face = LipPoints(points_file(tmp_path / "p.onnx")), CropBox(0, 0, 50)
    white, grey = (points(np.full((60, 60, 3), value, np.uint8), face) for value in (255, 204))
    assert lip_distance(white, white) == 0
    assert lip_distance(grey, white) == pytest.approx(0.2 * 2**0.5)


def test_the_published_network_finds_the_lips_of_a_real_face(testdata: Path) -> None:
    import cv2

    points = LipPoints(str(testdata / "weights" / "PFLD_GhostOne_112_1_opt_sim.onnx"))
    picture = np.asarray(cv2.imread(str(testdata / "data" / "talker" / "persons.jpg")), np.uint8)
    assert picture.ndim == 3 and points(picture, CropBox(0, 0, 100)).shape == (98, 2)


@pytest.mark.parametrize("num_values", [196 + 2, 220])
def test_a_network_of_other_points_is_refused(tmp_path: Path, num_values: int) -> None:
    with pytest.raises(BadConfig, match=f"it makes output .*{num_values}") as found:
        LipPoints(points_file(tmp_path / "p.onnx", num_values))
    assert found.value.reason == "MODEL_UNREADABLE"
