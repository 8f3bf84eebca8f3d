"""Which frames are mouths already."""

import pytest

from services.lips.recognition import is_mouth

CROP_PX = (50, 100)


@pytest.mark.parametrize(
    ("size_px", "has_face", "expected"),
    [
        ((50, 100), False, True),
        ((50, 100), True, True),
        ((100, 200), False, True),
        ((100, 200), True, False),
        ((44, 100), False, True),
        ((96, 96), False, False),
        ((288, 360), False, False),
        ((20, 40), False, False),
        ((250, 500), False, False),
        ((720, 1280), False, False),
    ],
)
def test_frames_are_a_mouth_by_their_size_where_no_face_is_in_them(
    size_px: tuple[int, int], has_face: bool, expected: bool
) -> None:
    assert is_mouth(size_px, CROP_PX, has_face=has_face) is expected
