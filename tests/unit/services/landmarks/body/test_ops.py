"""Whose hand is whose, where a missed one is looked for, and who of several is the one."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.landmarks.body import ops
from services.landmarks.body.ops import LEFT, RIGHT


def arms(pose):
    return ops.arm_of(pose, LEFT), ops.arm_of(pose, RIGHT)


def sides(hands, looks, pose=None, scores=None):
    return ops.hands_of_sides(hands, looks, scores or [0.9] * len(hands), None if pose is None else arms(pose))


def test_nearness_decides_even_against_looks(body, hand):
    pose = body()
    at_right, at_left = hand(tuple(pose[16])), hand(tuple(pose[15]))
    assert sides([at_right, at_left], [True, True], pose) == (1, 0)
    assert sides([at_right], [True], pose) == (None, 0)


def test_two_that_look_alike_and_are_at_one_place_are_still_one_of_each(body, hand):
    pose = body()
    pose[15] = pose[16] + (10, 0)
    a, b = hand(tuple(pose[15])), hand(tuple(pose[16]))
    assert sides([a, b], [False, False], pose) == (0, 1)


def test_looks_decide_where_wrists_meet(body, hand):
    pose = body()
    pose[15] = pose[16] + (6, 0)
    crossed_left, crossed_right = hand(tuple(pose[16])), hand(tuple(pose[15]))
    assert sides([crossed_left, crossed_right], [True, False], pose) == (0, 1)


def test_a_hand_out_of_reach_is_nobodys(body, hand):
    pose = body()
    assert sides([hand((900.0, 900.0))], [True], pose) == (None, None)


def test_among_several_people_a_neighbours_hand_at_the_wrist_is_not_taken(body, hand):
    pose = body()
    right, left = arms(pose)[::-1]
    beside = hand(tuple(pose[15] + (0.7 * left.scale_px, 0)))
    at_wrist = hand(tuple(pose[15] + (0.3 * left.scale_px, 0)))
    for several, expected in ((False, (0, None)), (True, (None, None))):
        assert ops.hands_of_sides([beside], [False], [0.9], (left, right), several) == expected
    assert ops.hands_of_sides([at_wrist], [False], [0.9], (left, right), True) == (0, None)
    assert ops.hands_of_sides([beside], [True], [0.9], (left, right), True) == (0, None)


def test_without_a_body_looks_decide_and_the_surer_one_wins(hand):
    a, b = hand((10.0, 10.0)), hand((300.0, 10.0))
    assert sides([a, b], [False, True]) == (1, 0)
    assert sides([a], [True]) == (0, None)
    assert sides([a, b], [True, True], scores=[0.6, 0.95]) == (1, 0)
    assert sides([], []) == (None, None)


@given(
    st.lists(st.tuples(st.floats(-500, 1500), st.floats(-500, 1500), st.booleans(), st.floats(0.5, 1)), max_size=4),
    st.booleans(),
)
def test_no_hand_has_two_sides_and_reach_is_kept(made, with_body):
    from_wrist = np.linspace(0, 30, 42).reshape(21, 2)
    hands = [from_wrist + np.array((x, y)) for x, y, _, _ in made]
    pose = np.random.default_rng(1).uniform(0, 1000, (33, 2)) if with_body else None
    pair = sides(hands, [m[2] for m in made], pose, [m[3] for m in made])
    chosen = [i for i in pair if i is not None]
    assert len(set(chosen)) == len(chosen)
    if pose is None:
        assert len(chosen) == min(2, len(hands))
    else:
        assert all(
            ops.reach_of(hands[i], arm) <= ops.MAX_REACH
            for i, arm in zip(pair, arms(pose), strict=True)
            if i is not None
        )


def test_two_findings_of_one_hand_are_one(hand):
    one, again, other = hand((100.0, 100.0)), hand((103.0, 101.0)), hand((160.0, 100.0))
    assert ops.distinct_hands([one, again, other], [0.8, 0.9, 0.7]) == [1, 2]
    assert ops.distinct_hands([one, again], [0.8, 0.8]) == [0]


def test_the_window_has_the_hand_in_its_middle_and_the_forearm_upward(body):
    pose = body()
    pose[[15, 17, 19]] = pose[13] + np.array([(100, 0), (130, -5), (130, 5)])
    arm = ops.arm_of(pose, LEFT)
    window = ops.hand_window(arm, 1000, 1000)
    to_window = cv2.invertAffineTransform(window.to_frame_23)
    hand_at = to_window[:, :2] @ arm.hand_px + to_window[:, 2]
    elbow_at = to_window[:, :2] @ pose[13] + to_window[:, 2]
    assert hand_at == pytest.approx([window.side_px / 2] * 2)
    assert elbow_at[0] == pytest.approx(hand_at[0])
    assert elbow_at[1] > hand_at[1]


@given(st.floats(0, 2 * np.pi), st.floats(30, 400))
def test_points_of_a_window_come_back_to_the_frame(angle, forearm_px):
    pose = np.zeros((33, 2))
    pose[13] = (500, 500)
    pose[[15, 17, 19]] = pose[13] + np.array([np.cos(angle), np.sin(angle)]) * forearm_px
    window = ops.hand_window(ops.arm_of(pose, LEFT), 1000, 1000)
    assert window.points_px(np.array([(0.5, 0.5)], np.float32))[0] == pytest.approx(pose[15], abs=1e-3)
    corners = window.points_px(np.array([(0, 0), (1, 0), (1, 1)], np.float32))
    across, down = corners[1] - corners[0], corners[2] - corners[1]
    assert float(across[0] * down[1] - across[1] * down[0]) > 0, "a mirrored window would swap left and right"
    assert np.hypot(*across) == pytest.approx(np.hypot(*down))


def test_a_cut_holds_the_frames_own_pixels_and_is_black_outside():
    frame = np.random.default_rng(0).integers(1, 256, (60, 80, 3), np.uint8)
    window = ops.Window(40, np.array([[1.0, 0.0, -10.0], [0.0, 1.0, 30.0]]))
    cut = window.cut(frame)
    assert (cut[:30, 10:] == frame[30:60, 0:30]).all()
    assert not cut[:, :10].any()
    assert not cut[30:].any()


def test_no_window_where_the_hand_is_out_of_the_frame_or_too_small(body):
    pose = body()
    assert ops.hand_window(ops.arm_of(pose, LEFT), 200, 200) is None
    assert ops.hand_window(ops.arm_of(body(20.0, 5.0, 4.0), RIGHT), 400, 400) is None


def test_a_head_is_cut_out_whole_and_one_out_of_the_frame_is_not(body):
    pose = body()
    window = ops.head_window(pose, 640, 480)
    low, high = window.points_px(np.array([(0, 0), (1, 1)], np.float32))
    assert (low < pose[:11].min(axis=0)).all()
    assert (high > pose[:11].max(axis=0)).all()
    assert ops.head_window(pose + np.array((5000, 0)), 640, 480) is None
    assert ops.head_window(pose * 1000 - (200_000, 50_000), 640, 480).side_px <= 1280


def test_the_larger_and_the_more_central_is_the_one(body):
    near, far = body(200.0, 20.0, 90.0), body(200.0, 20.0, 40.0)
    assert ops.prominence(near, 400, 480) > ops.prominence(far, 400, 480)
    assert ops.prominence(body(200.0, 20.0, 40.0), 400, 480) > ops.prominence(body(340.0, 20.0, 40.0), 400, 480)
    assert ops.prominence(body(-5000.0), 400, 480) == 0.0


def test_what_is_left_of_a_frame_is_one_person(body):
    frame = np.full((480, 640, 3), 9, np.uint8)
    chosen, other = body(200.0, 20.0, 80.0), body(290.0, 20.0, 60.0)
    out = ops.alone(frame, chosen, [other])
    left, top, right, bottom = (int(v) for v in ops.box_of(chosen, 640, 480))
    assert (out[top + 1 : bottom, left + 1 : right] == 9).all()
    assert not out[:, 320:].any()
    rows = slice(top + 20, int(other[:, 1].max()))
    assert not out[rows, right + 1 : 320].any(), "the other's box, where it is not the chosen one's"
    assert (frame == 9).all()


def test_a_hand_far_out_of_the_frame_is_out_of_sight(body):
    left = ops.arm_of(body(200.0, 50.0, 100.0), LEFT)
    x, y = left.hand_px
    assert not ops.out_of_sight(left, 400, 400)
    assert not ops.out_of_sight(left, 400, int(y - 0.3 * left.scale_px)), "fingers may still be in the frame"
    assert ops.out_of_sight(left, 400, int(y - 0.7 * left.scale_px))
    assert ops.out_of_sight(left, int(x - 0.7 * left.scale_px), 400)


@pytest.mark.parametrize(("height_px", "width_px"), [(1080, 1920), (720, 540), (512, 512), (300, 200), (64, 64)])
def test_shrinking_is_a_stretch_by_area(height_px, width_px):
    yy, xx = np.mgrid[0:height_px, 0:width_px]
    frame = np.stack((xx * 255 // width_px, yy * 255 // height_px, (xx + yy) % 256), axis=2).astype(np.uint8)
    out = ops.shrunk(frame, 64)
    plain = cv2.resize(frame, (64, 64), interpolation=cv2.INTER_AREA)
    assert out.shape == (64, 64, 3)
    assert np.abs(out[:, :, :2].astype(int) - plain[:, :, :2]).max() <= 3
    assert np.abs(out.astype(int) - plain).mean() < 3


def test_an_upright_window_within_the_frame_copies_nothing():
    frame = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    cut = ops.Window(20, np.array([[1.0, 0.0, 10.0], [0.0, 1.0, 30.0]])).cut(frame)
    assert (cut == frame[30:50, 10:30]).all()
    assert np.shares_memory(cut, frame)
