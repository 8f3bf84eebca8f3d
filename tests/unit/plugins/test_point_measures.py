"""The measures that tests and benchmarks judge points by."""

import numpy as np
import pytest
from point_measures import FACE_NC, box_iou, clip, group_boxes, normalised_error, shown_points

from services.base.media.points import Keypoints, Landmarks
from services.base.media.topology import IBUG_68, MEDIAPIPE_478, topology
from services.landmarks.body.layout import FACE, LAYOUT, LEFT_HAND, NUM_POINTS


def test_error_is_mean_distance_over_the_eyes_distance() -> None:
    reference = clip("DD.")
    moved = Landmarks(
        IBUG_68,
        reference.points_TNC + np.array([3, 4], np.float32),
        reference.score_T,
        np.array([1, 0, 0], np.uint8),
        360,
        288,
    )
    eyes = np.linalg.norm(FACE_NC[36].astype(float) - FACE_NC[45])
    error_T = normalised_error(moved, reference)
    assert error_T[0] == pytest.approx(5 / eyes, rel=1e-5)
    assert np.isnan(error_T[2])
    assert not normalised_error(reference, reference)[:2].any()


def test_only_the_same_points_of_the_same_clip_compare() -> None:
    with pytest.raises(ValueError, match="compare the same points"):
        normalised_error(clip("DD"), clip("D"))
    mesh = Landmarks(
        MEDIAPIPE_478, np.zeros((1, 478, 2), np.float32), np.ones(1, np.float32), np.ones(1, np.uint8), 9, 9
    )
    with pytest.raises(ValueError, match="compare the same points"):
        normalised_error(mesh, clip("D"))


def test_a_groups_box_is_widened_by_shares_of_its_size() -> None:
    boxes_T4 = group_boxes(clip("D."), "lips", 0.2, 0.5)
    lips = FACE_NC[list(topology(IBUG_68).group("lips"))]
    (left, top), (right, bottom) = lips.min(axis=0), lips.max(axis=0)
    dx, dy = 0.2 * (right - left), 0.5 * (bottom - top)
    np.testing.assert_allclose(boxes_T4[0], [left - dx, top - dy, right + dx, bottom + dy], rtol=1e-5)
    assert np.isnan(boxes_T4[1]).all()


@pytest.mark.parametrize(
    ("box", "other", "iou"),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1.0),
        ((0, 0, 2, 2), (1, 0, 3, 2), 1 / 3),
        ((0, 0, 2, 2), (2, 2, 4, 4), 0.0),
        ((0, 0, 2, 2), (5, 5, 6, 6), 0.0),
        ((0, 0, 4, 4), (1, 1, 3, 3), 0.25),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0.0),
    ],
)
def test_intersection_over_union(box: tuple[int, ...], other: tuple[int, ...], iou: float) -> None:
    assert box_iou(box, other) == pytest.approx(iou)
    assert box_iou([other, other], [box, box]) == pytest.approx([iou, iou])


def test_a_body_point_counts_by_its_visibility_and_a_hand_by_its_presence() -> None:
    confidence_TN = np.ones((1, NUM_POINTS), np.float32)
    confidence_TN[0, 3], confidence_TN[0, LEFT_HAND] = 0.2, 0.2
    present_TN = np.ones((1, NUM_POINTS), np.bool_)
    present_TN[0, FACE] = False
    xy_TNC, times_T, grey_T = np.zeros((1, NUM_POINTS, 2), np.float32), np.zeros(1), np.zeros(1, np.bool_)
    shown_N = shown_points(Keypoints(LAYOUT, xy_TNC, confidence_TN, present_TN, times_T, 160, 120, grey_T))[0]
    assert not shown_N[3]
    assert shown_N[LEFT_HAND].all()
    assert not shown_N[FACE].any()
