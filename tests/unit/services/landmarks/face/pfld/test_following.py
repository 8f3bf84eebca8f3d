"""Which face is followed: the largest at first, then the same one; when it is searched, and when given up."""

import numpy as np
import pytest

from services.base.media.arrays import Float32Array
from services.landmarks.face.pfld.boxes import FaceBox
from services.landmarks.face.pfld.following import MOST_LOST_FRAMES, Chosen, Following

SMALL, LARGE = FaceBox(300, 100, 360, 170, 0.9), FaceBox(100, 100, 200, 220, 0.5)
FAINT = FaceBox(0, 0, 400, 400, 0.2)


def moved(box: FaceBox, dx: float, grown: float = 1.0) -> FaceBox:
    (x, y), half_w, half_h = box.centre, (box.right - box.left) / 2 * grown, (box.bottom - box.top) / 2 * grown
    return FaceBox(x + dx - half_w, y - half_h, x + dx + half_w, y + half_h, box.score)


def points_in(box: FaceBox) -> Float32Array:
    """A ring that stands in a box as a face's points do: a little lower, and smaller."""
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    (x, y), size = box.centre, box.longer_side
    return np.stack([x + 0.4 * size * np.cos(angles), y + 0.1 * size + 0.4 * size * np.sin(angles)], 1).astype("f4")


def begun(every: int = 25, box: FaceBox = LARGE) -> Following:
    following = Following(every)
    assert following.expected(is_cut=False) is None
    assert following.choose([box]) == Chosen(box, is_new=True)
    following.seen(points_in(box), box)
    return following


def test_the_largest_face_that_is_sure_begins_a_track() -> None:
    following = Following(25)
    following.expected(is_cut=False)
    assert following.choose([FAINT]) is None
    assert following.choose([SMALL, LARGE, FAINT]) == Chosen(LARGE, is_new=True)


@pytest.mark.parametrize(("every", "searched"), [(1, [0, 1, 2, 3, 4, 5, 6, 7]), (3, [0, 3, 6]), (25, [0])])
def test_a_search_is_due_at_fixed_distances(every: int, searched: list[int]) -> None:
    following, found = Following(every), []
    for index in range(8):
        if following.expected(is_cut=False) is None:
            found.append(index)
            following.choose([LARGE])
            following.seen(points_in(LARGE), LARGE)
        else:
            following.seen(points_in(LARGE), None)
    assert found == searched


def test_between_searches_the_box_moves_and_grows_with_the_points() -> None:
    following, there = begun(), moved(LARGE, 7, 1.1)
    assert following.expected(is_cut=False) == LARGE
    assert following.holds(points_in(there))
    following.seen(points_in(there), None)
    expected = following.expected(is_cut=False)
    assert expected is not None
    assert expected.overlap(there) > 0.999
    assert following.score == LARGE.score


@pytest.mark.parametrize(
    ("dx", "grown", "holds"), [(0, 1, True), (20, 1, True), (60, 1, False), (0, 1.2, True), (0, 1.5, False)]
)
def test_points_that_jump_or_swell_are_not_the_heads(dx: float, grown: float, holds: bool) -> None:
    following = begun()
    following.expected(is_cut=False)
    assert following.holds(points_in(moved(LARGE, dx, grown))) is holds


def test_a_search_stays_with_the_same_face_though_another_is_larger() -> None:
    following = begun(every=1, box=SMALL)
    following.expected(is_cut=False)
    assert following.choose([LARGE, moved(SMALL, 10)]) == Chosen(moved(SMALL, 10), is_new=False)


def test_a_lost_face_is_waited_for_and_then_the_largest_is_taken() -> None:
    following = begun(box=SMALL)
    for _ in range(MOST_LOST_FRAMES):
        following.expected(is_cut=False)
        assert following.choose([LARGE]) is None
    following.expected(is_cut=False)
    assert following.choose([LARGE]) == Chosen(LARGE, is_new=True)


def test_a_face_that_comes_back_in_time_is_the_same_and_searched_for_in_each_frame_meanwhile() -> None:
    following = begun(box=SMALL)
    for _ in range(MOST_LOST_FRAMES):
        following.expected(is_cut=False)
        following.choose([])
        assert following.expected(is_cut=False) is None
        following.choose([SMALL])
        following.seen(points_in(SMALL), SMALL)
    assert following.choose([LARGE, SMALL]) == Chosen(SMALL, is_new=False)


def test_a_cut_begins_anew_with_the_largest_face() -> None:
    following = begun(box=SMALL)
    assert following.expected(is_cut=True) is None
    assert following.choose([SMALL, LARGE]) == Chosen(LARGE, is_new=True)
