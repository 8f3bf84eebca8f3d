"""A far signer: which parts of a frame are looked through, when, and where the cut-out lies."""

import numpy as np
import pytest

from services.landmarks.body.far import CutOut, FarSigner, about, parts
from services.landmarks.body.mediapipe_body import FoundPerson

WIDTH_PX, HEIGHT_PX = 1280, 720


def frame(person_px=None):
    """A grey frame, white where a person is: (left, top, right, bottom)."""
    frame_HWC = np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8)
    if person_px is not None:
        left, top, right, bottom = person_px
        frame_HWC[top:bottom, left:right] = 255
    return frame_HWC


class Finder:
    """Finds the white box where all of it is in the part, and it is a quarter of the part or more."""

    def __init__(self, *, has_face=True):
        self.num_asked = 0
        self._has_face = has_face

    def people_in(self, part_HWC):
        self.num_asked += 1
        ys, xs = np.nonzero((part_HWC == 255).all(axis=2))
        side_px = len(part_HWC)
        if not len(ys) or ys.max() - ys.min() < side_px / 4:
            return []
        if min(ys.min(), xs.min()) == 0 or max(ys.max(), xs.max()) == side_px - 1:
            return []
        corners = np.array([(xs.min(), ys.min()), (xs.max() + 1, ys.max() + 1)], np.float32) / side_px
        return [FoundPerson(corners[np.arange(33) % 2], np.ones(33, np.float32))]

    def has_face(self, part_HWC, person):
        return self._has_face


@pytest.mark.parametrize("person_px", [(1100, 400, 1180, 520), (30, 30, 100, 150), (600, 500, 640, 560)])
def test_the_cut_out_lies_about_the_person(person_px):
    finder = Finder()
    far = FarSigner(finder.people_in, finder.has_face)
    assert far.empty(frame(person_px))
    left, top, right, bottom = person_px
    part = far.cut_out
    assert part.left_px <= left and part.top_px <= top
    assert right <= part.left_px + part.side_px and bottom <= part.top_px + part.side_px
    assert part.side_px < 2 * (bottom - top)


def test_a_person_without_a_face_is_none():
    finder = Finder(has_face=False)
    assert not FarSigner(finder.people_in, finder.has_face).empty(frame((1100, 400, 1180, 520)))


def test_a_clip_of_nobody_is_looked_through_ever_less_often():
    finder = Finder()
    far = FarSigner(finder.people_in, finder.has_face)
    searched = []
    for index in range(500):
        before = finder.num_asked
        far.empty(frame())
        if finder.num_asked > before:
            searched.append(index)
    assert searched == [0, 15, 45, 105, 225, 465]


def test_the_cut_out_is_given_up_with_its_person_and_looked_for_again():
    finder = Finder()
    far = FarSigner(finder.people_in, finder.has_face)
    assert far.empty(frame((1100, 400, 1180, 520)))
    for _ in range(15):
        assert far.cut_out is not None
        assert not far.empty(frame())
    assert far.cut_out is None
    assert far.empty(frame((100, 400, 180, 520)))


def test_the_cut_out_goes_after_a_person_who_walks_and_stays_about_one_who_does_not():
    far = FarSigner(Finder().people_in, Finder().has_face)
    far.empty(frame((600, 300, 680, 420)))
    before = far.cut_out
    middle, half = before.side_px / 2, np.array([(-40, -60), (40, 60)], np.float64)
    assert not far.seen(half[np.arange(33) % 2] + (middle, middle))
    walked_px = half[np.arange(33) % 2] + (middle + 0.3 * before.side_px, middle)
    assert far.seen(walked_px) and far.follow(frame(), walked_px)
    assert far.cut_out.left_px > before.left_px and far.cut_out.top_px == pytest.approx(before.top_px, abs=1)


def test_parts_cover_the_frame_and_small_frames_have_none():
    covered_HW = np.zeros((HEIGHT_PX, WIDTH_PX), bool)
    for part in parts(WIDTH_PX, HEIGHT_PX, 1 / 2):
        covered_HW[part.top_px : part.top_px + part.side_px, part.left_px : part.left_px + part.side_px] = True
    assert covered_HW.all()
    assert parts(300, 300, 1 / 2) == []


@pytest.mark.parametrize("pose_px", [[(-50, -50), (20, 20)], [(1270, 700), (1300, 900)], [(-9, -9), (5000, 5000)]])
def test_a_cut_out_lies_within_the_frame(pose_px):
    part = about(np.array(pose_px, np.float64), WIDTH_PX, HEIGHT_PX)
    assert part.of(frame()).shape == (part.side_px, part.side_px, 3)


def test_points_of_a_part_are_told_over_the_frame():
    xy_NC = CutOut(320, 180, 360).over_frame(np.array([(0.0, 0.0), (0.5, 1.0)], np.float32), WIDTH_PX, HEIGHT_PX)
    np.testing.assert_allclose(xy_NC, [(0.25, 0.25), (500 / 1280, 540 / 720)])
