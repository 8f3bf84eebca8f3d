"""A painted face is put back within the picture, and no border of it is seen."""

import numpy as np
import pytest

from services.lips.talker_crop import CropBox
from services.lips.talker_pasting import paste

CROP = np.full((168, 168, 3), 50, np.uint8)
PAINTED = np.full((160, 160, 3), 200, np.uint8)


def pasted(box: CropBox, blend: str) -> np.ndarray:
    frame_HWC = np.full((120, 100, 3), 50, np.uint8)
    paste(frame_HWC, box, CROP, PAINTED, blend)
    return frame_HWC


def test_the_middle_is_what_was_painted_and_the_border_is_the_frame():
    found = pasted(CropBox(20, 30, 60), "feather")
    assert (found[50:70, 40:60] == 200).all()
    assert (found[:30] == 50).all() and (found[90:] == 50).all() and (found[:, :20] == 50).all()
    assert found[30:90, 20:80].min() == 50
    steps = np.abs(np.diff(found[60, 20:80, 0].astype(int)))
    assert steps.max() < 75, "no step of half the difference or more"


def test_hard_has_a_border_as_the_original_has():
    found = pasted(CropBox(20, 30, 60), "hard")
    assert np.abs(np.diff(found[60, 20:80, 0].astype(int))).max() > 75


@pytest.mark.parametrize("box", [CropBox(-20, -10, 60), CropBox(70, 90, 60)])
def test_what_lies_beyond_the_frame_is_left_out(box):
    found = pasted(box, "feather")
    assert found.shape == (120, 100, 3) and (found == 200).any()


def test_a_square_wholly_outside_changes_nothing():
    assert (pasted(CropBox(200, 200, 60), "feather") == 50).all()
