"""The square that the network of points sees."""

import numpy as np
import pytest

from services.landmarks.face.pfld.points import cut

FRAME = np.arange(1, 1 + 20 * 30, dtype=np.int64).reshape(20, 30, 1).repeat(3, axis=2).astype(np.uint8)


def test_a_square_inside_is_the_frames_own_pixels() -> None:
    np.testing.assert_array_equal(cut(FRAME, 5, 3, 10), FRAME[3:13, 5:15])


def test_beyond_the_frame_it_is_black() -> None:
    found = cut(FRAME, -4, 15, 12)
    assert found is not None
    np.testing.assert_array_equal(found[:5, 4:], FRAME[15:20, :8])
    assert not found[5:].any()
    assert not found[:, :4].any()


@pytest.mark.parametrize(("left", "top", "side"), [(0, 0, 7), (0, 0, 121), (30, 0, 10), (0, -10, 10)])
def test_hardly_a_pixel_far_too_many_or_none_of_the_frames_are_no_square(left: int, top: int, side: int) -> None:
    assert cut(FRAME, left, top, side) is None
