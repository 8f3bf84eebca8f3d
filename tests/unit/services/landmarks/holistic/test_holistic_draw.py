"""What is drawn where, in which colour, and that nothing given is changed."""

import cv2
import numpy as np
import pytest

from services.base.media import Keypoints
from services.landmarks.holistic.draw import preview_sheet, shown_points, skeleton
from services.landmarks.holistic.layout import FACE, GROUPS, LAYOUT, LEFT_HAND, NUM_POINTS

FRAME = np.full((120, 160, 3), 7, np.uint8)


def keypoints(num_frames=4):
    xy = np.tile(np.linspace(0.1, 0.9, NUM_POINTS, dtype=np.float32)[None, :, None], (num_frames, 1, 2))
    confidence = np.ones((num_frames, NUM_POINTS), np.float32)
    return Keypoints(
        LAYOUT, xy, confidence, confidence > 0, np.arange(num_frames) / 15, 160, 120, np.zeros(num_frames, bool)
    )


def only(group):
    shown = np.zeros(NUM_POINTS, np.bool_)
    shown[group] = True
    return shown


def test_each_group_has_a_colour_of_its_own_at_its_place():
    colours = set()
    for group in GROUPS.values():
        xy = np.full((NUM_POINTS, 2), -5.0, np.float32)
        xy[group] = (0.5, 0.25)
        drawn = skeleton(FRAME, xy, only(group))
        assert (drawn[30, 80] != FRAME[30, 80]).any()
        colours.add(tuple(drawn[30, 80].tolist()))
    assert len(colours) == len(GROUPS)


def test_nothing_shown_is_the_frame_itself_and_the_frame_given_stays():
    frame = FRAME.copy()
    xy = keypoints().xy_TNC[0]
    assert (skeleton(frame, xy, np.zeros(NUM_POINTS, np.bool_)) == FRAME).all()
    assert (skeleton(frame, xy, np.ones(NUM_POINTS, np.bool_)) != FRAME).any()
    assert (frame == FRAME).all()


def test_points_far_outside_are_no_error():
    skeleton(FRAME, np.full((NUM_POINTS, 2), 1e7, np.float32), np.ones(NUM_POINTS, np.bool_))


def test_other_numbers_of_points_are_refused():
    with pytest.raises(ValueError, match=r"\[78, 2\]"):
        skeleton(FRAME, np.zeros((21, 2), np.float32), np.ones(21, np.bool_))


def test_a_body_point_is_shown_by_its_visibility_and_a_hand_by_its_presence():
    made = keypoints(1)
    made.confidence_TN[0, 3] = 0.2
    made.confidence_TN[0, LEFT_HAND] = 0.2
    made.present_TN[0, FACE] = False
    shown = shown_points(made)[0]
    assert not shown[3]
    assert shown[LEFT_HAND].all()
    assert not shown[FACE].any()


def test_a_sheet_holds_every_frame_with_the_row_that_belongs_to_it():
    made = keypoints(9)
    made.present_TN[:5] = False
    sheet = cv2.imdecode(np.frombuffer(preview_sheet(np.stack([FRAME] * 3), made, [0, 4, 8], 2, 80), np.uint8), 1)
    assert sheet.shape == (2 * 60 + 2, 2 * 80 + 2, 3)
    assert (sheet[:60, :80] == 7).all()
    assert (sheet[:60, 82:] == 7).all()
    assert (sheet[62:, :80] != 7).any()


@pytest.mark.parametrize("rows", [[], [0, 1]])
def test_a_sheet_needs_a_row_for_each_frame(rows):
    with pytest.raises(ValueError, match="a row each"):
        preview_sheet(FRAME[None], keypoints(), rows)
