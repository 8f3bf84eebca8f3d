"""A clip's two hands: sides by the body, a second look where one is missing, no hand twice."""

import numpy as np

from services.landmarks.body.hands import HandsTrack
from services.landmarks.body.mediapipe_body import FoundHand

SIZE_PX = (600, 400)
FRAME = np.zeros((*SIZE_PX, 3), np.uint8)
SQUARE = np.zeros((256, 256, 3), np.uint8)


class Hands:
    """Says the same of every picture, and remembers how large they were."""

    def __init__(self, *hands: FoundHand) -> None:
        self.hands = list(hands)
        self.sizes_px: list[tuple[int, int]] = []

    def __call__(self, frame_HWC, time_s=0.0):
        self.sizes_px.append(frame_HWC.shape[:2])
        return self.hands

    def clear(self):
        raise AssertionError("nothing is cleared within a clip")


def seen(points_px, is_left, score=0.9):
    return FoundHand((points_px / (SIZE_PX[1], SIZE_PX[0])).astype(np.float32), is_left, score)


def in_window(is_left=True):
    """A hand whose wrist is where the hand is expected: in the middle of the cut."""
    points = np.full((21, 2), 0.5, np.float32)
    points[1:] += np.linspace(-0.1, 0.1, 40, dtype=np.float32).reshape(20, 2)
    return FoundHand(points, is_left, 0.7)


def look(moving, still, pose, several=False):
    return HandsTrack(moving, still).next(SQUARE, FRAME, 0.0, pose, several)


def test_hands_of_the_whole_frame_come_in_its_pixels_and_need_no_second_look(body, hand):
    pose, still = body(), Hands()
    left_px, right_px = hand(tuple(pose[15])), hand(tuple(pose[16]))
    left, right = look(Hands(seen(right_px, False), seen(left_px, True, 0.8)), still, pose)
    np.testing.assert_allclose(left.points_px, left_px, atol=1e-3)
    np.testing.assert_allclose(right.points_px, right_px, atol=1e-3)
    assert (left.score, right.score) == (0.8, 0.9)
    assert still.sizes_px == []


def test_a_missing_hand_is_looked_for_at_the_wrist(body):
    pose, still = body(), Hands(in_window())
    left, right = look(Hands(), still, pose)
    assert np.hypot(*(left.points_px[0] - pose[15])) < 30
    assert np.hypot(*(right.points_px[0] - pose[16])) < 30
    assert still.sizes_px == [(160, 160)] * 2
    assert left.score == 0.7


def test_the_second_look_does_not_find_the_hand_that_is_there(body):
    pose = body()
    pose[[15, 17, 19]] = pose[[16, 18, 20]] + (8, 0)
    there = look(Hands(), Hands(in_window()), pose)[0]
    left, right = look(Hands(seen(there.points_px, False)), Hands(in_window()), pose)
    assert left is None
    np.testing.assert_allclose(right.points_px, there.points_px, atol=1e-3)


def test_one_hand_found_twice_is_one_hand(body, hand):
    pose = body()
    points = hand(tuple(pose[16]))
    left, right = look(Hands(seen(points, True, 0.6), seen(points + 2, False, 0.9)), Hands(), pose)
    assert left is None
    np.testing.assert_allclose(right.points_px, points + 2, atol=1e-3)


def test_hands_alone_need_no_body(hand):
    still = Hands(in_window())
    left, right = look(Hands(seen(hand((300.0, 200.0)), True)), still, None)
    assert left is not None
    assert right is None
    assert still.sizes_px == []


def test_hands_far_from_a_guessed_body_are_the_persons_unless_there_are_several(body, hand):
    pose, far = body(), hand((390.0, 590.0))
    pose[[15, 16]] = (10.0, 10.0)
    assert look(Hands(seen(far, True)), Hands(), pose)[0] is not None
    assert look(Hands(seen(far, True)), Hands(), pose, several=True) == (None, None)


def test_a_stray_hand_is_dropped_when_the_person_has_one(body, hand):
    pose = body(200.0, 50.0, 60.0)
    stray, own = hand((380.0, 590.0)), hand(tuple(pose[16]))
    left, right = look(Hands(seen(stray, True), seen(own, False)), Hands(), pose)
    assert left is None
    assert right is not None
