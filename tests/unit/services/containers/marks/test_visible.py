"""A text in the corner of each frame, of a size that can be read, and nothing else of the frame is touched."""

import numpy as np
import pytest

from services.containers.marks.visible import VisibleMark

TEXT = "AI-generated"


@pytest.mark.parametrize(("width_px", "height_px"), [(1920, 1080), (512, 512), (160, 160), (64, 64)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_it_is_bright_on_dark_in_the_corner_alone(width_px, height_px, grey):
    frame_HWC = np.full((height_px, width_px, 3), grey, np.uint8)
    marked_HWC = VisibleMark(TEXT, width_px, height_px).laid_on(frame_HWC)
    assert (frame_HWC == grey).all()
    changed_HW = (marked_HWC != grey).any(axis=2)
    rows, columns = np.nonzero(changed_HW)
    if grey:
        assert rows.max() == height_px - 1 and columns.max() == width_px - 1
    assert rows.min() >= height_px * 0.7
    corner_HWC = marked_HWC[rows.min() :, columns.min() :]
    assert corner_HWC.max() > 200 > 130 >= corner_HWC.min()


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "künstlich", "x" * 61])
def test_a_text_that_cannot_be_drawn_is_refused(text):
    with pytest.raises(ValueError, match="printable"):
        VisibleMark(text, 512, 512)


def test_frames_without_room_are_refused():
    with pytest.raises(ValueError, match="does not fit"):
        VisibleMark(TEXT, 200, 8)
