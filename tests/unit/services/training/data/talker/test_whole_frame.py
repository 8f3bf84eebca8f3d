"""The square of a face is around all of its landmarks."""

import numpy as np

from services.lips.talker_crop import CropBox
from services.training.data.talker.whole_frame import face_around


def test_the_square_has_the_longer_side_and_a_margin() -> None:
    points = np.array([[10, 20], [110, 20], [60, 60]], np.float32)
    assert face_around(points) == CropBox(5, -15, 110)


def test_points_in_one_place_have_a_square_too() -> None:
    assert face_around(np.zeros((98, 2), np.float32)).side_px == 1
