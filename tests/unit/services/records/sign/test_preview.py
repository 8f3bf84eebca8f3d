"""Sheets for people: what of the frames they show, and that points are drawn where they are."""

import cv2
import numpy as np
import pytest

from services.base.media.video import FrameChunk
from services.records.sign.points import NUM_KEYPOINTS
from services.records.sign.preview import KEPT_PX, MAX_THUMBNAILS, sheet, shown_box
from services.records.spread_frames import SpreadFrames

MAGENTA, RED = (240, 90, 160), (200, 0, 0)


def points_at(*places, num_frames=1):
    xy_TNC = np.zeros((num_frames, NUM_KEYPOINTS, 2), np.float32)
    mask_TN = np.zeros((num_frames, NUM_KEYPOINTS), bool)
    for n, place in enumerate(places):
        xy_TNC[:, NUM_KEYPOINTS - 1 - n], mask_TN[:, NUM_KEYPOINTS - 1 - n] = place, True
    return xy_TNC, mask_TN


@pytest.mark.parametrize(
    ("places", "low", "high"),
    [
        ([], (0, 0), (1, 1)),
        ([(0.5, 0.5)], (0.35, 0.35), (0.65, 0.65)),
        ([(0.3, 0.4), (0.6, 0.9)], (0.18, 0.28), (0.72, 1.0)),
        ([(0.0, 0.0), (1.0, 1.0)], (0, 0), (1, 1)),
    ],
)
def test_a_sheet_shows_where_points_are_and_a_little_more(places, low, high):
    got = shown_box(*points_at(*places))
    np.testing.assert_allclose(got, (low, high), atol=1e-6)


def test_a_point_is_drawn_on_what_it_marks_in_the_part_that_is_shown():
    frame_HWC = np.zeros((400, 300, 3), np.uint8)
    frame_HWC[300:312, 60:72] = RED
    thumbnails = SpreadFrames(MAX_THUMBNAILS, KEPT_PX)
    thumbnails.push(FrameChunk(0, frame_HWC[None], np.zeros(1)))
    drawn = cv2.imdecode(np.frombuffer(sheet(thumbnails, *points_at((66 / 300, 306 / 400)), "t"), np.uint8), 1)[
        ..., ::-1
    ]
    distance_HW = [np.abs(drawn.astype(int) - ink).sum(axis=2) for ink in (MAGENTA, RED)]
    marks, marked = (np.argwhere(distance < 90).mean(axis=0) for distance in distance_HW)
    assert np.abs(marks - marked).max() < 4
