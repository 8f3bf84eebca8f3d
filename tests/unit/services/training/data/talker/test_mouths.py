"""The box of the mouth lies around the lips, within the crop, and is never nothing."""

import numpy as np
import pytest

from services.base.media.topology import PFLD_110, WFLW_98, topology
from services.lips.talker_crop import CropBox
from services.training.data.talker.mouths import mouths_of

BOX = CropBox(100, 200, 164)


@pytest.mark.parametrize("name", [PFLD_110, WFLW_98])
def test_the_box_is_around_the_lips_with_a_margin(name: str) -> None:
    layout = topology(name)
    points = np.zeros((1, layout.num_points, 2), np.float32)
    lips = list(layout.group("lips"))
    points[0, lips, 0] = np.linspace(140, 220, len(lips))
    points[0, lips, 1] = np.linspace(280, 320, len(lips))
    (found,) = mouths_of(points, [BOX], 328)
    # Twice as large in the crop, and 15 % of its sides more on each.
    assert found.tolist() == [56, 148, 264, 252]


def test_a_point_has_a_small_box_a_far_one_is_cut_and_a_lost_face_has_none() -> None:
    points = np.zeros((3, 110, 2), np.float32)
    points[0] = (182, 282)
    found = mouths_of(points, [BOX, BOX, None], 328)
    assert found[0].tolist() == [150, 150, 178, 178]
    assert found[1].tolist() == [0, 0, 0, 0] and found[2].tolist() == [0, 0, 0, 0]
