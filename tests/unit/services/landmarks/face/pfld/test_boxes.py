"""Boxes of faces: overlaps, the best of several for one face, and the square that is looked at."""

import pytest

from services.landmarks.face.pfld.boxes import FaceBox, distinct


def test_overlap_is_intersection_over_union() -> None:
    box = FaceBox(0, 0, 10, 10, 0.5)
    assert box.overlap(box) == 1
    assert box.overlap(FaceBox(5, 0, 15, 10, 0.5)) == pytest.approx(1 / 3)
    assert box.overlap(FaceBox(10, 0, 20, 10, 0.5)) == 0


def test_of_boxes_of_one_face_the_best_is_kept_and_two_faces_are_two() -> None:
    face, same, other = FaceBox(0, 0, 10, 10, 0.6), FaceBox(1, 0, 11, 10, 0.9), FaceBox(8, 0, 18, 10, 0.2)
    assert distinct([face, same, other]) == [same, other]


@pytest.mark.parametrize(
    ("edges", "square"),
    [((10, 20, 110, 140), (-3, 17, 126)), ((0, 0, 9.9, 5), (0, -2, 10)), ((300, 40, 340, 60), (299, 29, 42))],
)
def test_the_square_is_a_twentieth_wider_than_the_longer_side(
    edges: tuple[float, float, float, float], square: tuple[int, int, int]
) -> None:
    assert FaceBox(*edges, 0.5).square() == square


def test_a_box_without_area_is_refused() -> None:
    with pytest.raises(ValueError, match="must have an area"):
        FaceBox(10, 0, 10, 5, 0.5)
