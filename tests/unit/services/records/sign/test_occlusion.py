"""Both rules on made frames, and how frames make a verdict on a clip."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.records.sign.occlusion import hand_over_head, hardly_visible, judge, longest_run, min_run_frames
from services.records.sign.spec import SignFilesConfig

FACE_FIRST, LEFT_FIRST, RIGHT_FIRST = 67, 25, 46
TIMES_15 = np.arange(100) / 15


def one_frame(hand=None, *, first=LEFT_FIRST, num_face=11, num_hand=21):
    """(xy_TNC, mask_TN): a face about (0.5, 0.3) with half-axes 0.05 and 0.1, all of a hand at one place."""
    xy_TNC, mask_TN = np.zeros((1, 78, 2), np.float32), np.zeros((1, 78), np.bool_)
    xy_TNC[0, FACE_FIRST:] = (0.5, 0.3)
    xy_TNC[0, FACE_FIRST], xy_TNC[0, FACE_FIRST + 1] = (0.45, 0.2), (0.55, 0.4)
    mask_TN[0, FACE_FIRST : FACE_FIRST + num_face] = True
    if hand is not None:
        xy_TNC[0, first : first + 21] = hand
        mask_TN[0, first : first + num_hand] = True
    return xy_TNC, mask_TN


@pytest.mark.parametrize("first", [LEFT_FIRST, RIGHT_FIRST])
def test_either_hand_on_the_face_counts(first):
    assert hand_over_head(*one_frame((0.5, 0.3), first=first)).tolist() == [True]


@pytest.mark.parametrize(
    ("x", "over"),
    [
        (0.5 + 0.05 * 1.29, True),  # fingertips within 1.3
        (0.5 + 0.05 * 1.3 * 1.19, True),  # the palm within 1.2 of that
        (0.5 + 0.05 * 1.3 * 1.21, False),
    ],
)
def test_the_ellipse_is_larger_for_palms(x, over):
    assert hand_over_head(*one_frame((x, 0.3))).tolist() == [over]


def test_a_fingertip_alone_has_the_smaller_ellipse():
    xy_TNC, mask_TN = one_frame((0.9, 0.9))
    xy_TNC[0, LEFT_FIRST + 8] = (0.5 + 0.05 * 1.31, 0.3)
    assert not hand_over_head(xy_TNC, mask_TN)[0]
    xy_TNC[0, LEFT_FIRST + 8] = (0.5 + 0.05 * 1.29, 0.3)
    assert hand_over_head(xy_TNC, mask_TN)[0]


def test_the_wrist_stands_in_for_a_palm_without_knuckles():
    xy_TNC, mask_TN = one_frame((0.9, 0.9))
    xy_TNC[0, LEFT_FIRST] = (0.5, 0.3)
    assert not hand_over_head(xy_TNC, mask_TN)[0]
    mask_TN[0, [LEFT_FIRST + 5, LEFT_FIRST + 9, LEFT_FIRST + 13]] = False
    assert hand_over_head(xy_TNC, mask_TN)[0]


@pytest.mark.parametrize(
    ("num_face", "num_hand", "over"), [(4, 21, False), (5, 21, True), (11, 3, False), (11, 6, True)]
)
def test_too_few_points_say_nothing(num_face, num_hand, over):
    assert hand_over_head(*one_frame((0.5, 0.3), num_face=num_face, num_hand=num_hand)).tolist() == [over]


def test_a_face_in_one_point_has_a_least_size():
    xy_TNC, mask_TN = one_frame((0.5005, 0.3))
    xy_TNC[0, FACE_FIRST:] = (0.5, 0.3)
    assert hand_over_head(xy_TNC, mask_TN)[0]


def test_visibility_without_hands_is_below_the_default_and_with_one_above():
    mask_TN = np.zeros((2, 78), np.bool_)
    mask_TN[:, :25] = mask_TN[:, 67:] = True
    mask_TN[1, 25:46] = True
    assert mask_TN.mean(axis=1).round(2).tolist() == [0.46, 0.73]
    assert hardly_visible(mask_TN, 0.6).tolist() == [True, False]


@given(st.lists(st.booleans(), max_size=60))
def test_the_longest_run_is_the_longest_piece_of_the_text(flags):
    text = "".join("1" if flag else "0" for flag in flags)
    assert longest_run(np.array(flags, np.bool_)) == max(map(len, text.split("0")))


def frames(flags):
    """Frames where a hand is over the head (True) or far from it, all points visible."""
    parts = [one_frame((0.5, 0.3) if flag else (0.9, 0.9)) for flag in flags]
    xy_TNC, mask_TN = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return xy_TNC, np.ones_like(mask_TN)


@pytest.mark.parametrize(
    ("flags", "occluded"),
    [
        ([True] * 2 + [False] * 3, True),  # a share of 0.4
        ([True] * 2 + [False] * 4, False),
        ([True] * 15 + [False] * 60, True),  # a run of 15
        ([True] * 14 + [False] * 60, False),
    ],
)
def test_a_share_or_a_run_decides(flags, occluded):
    verdict = judge(*frames(flags), TIMES_15[: len(flags)], SignFilesConfig())
    assert (verdict.occluded, verdict.method) == (occluded, "hand-over-head")


def test_visibility_is_asked_only_where_no_hand_was_over_the_head():
    xy_TNC, mask_TN = frames([True] + [False] * 9)
    mask_TN[1:, 25:] = False
    assert judge(xy_TNC, mask_TN, TIMES_15[:10], SignFilesConfig()).occluded is False
    none = judge(*one_frame(), TIMES_15[:1], SignFilesConfig())
    assert (none.occluded, none.method) == (True, "visibility")


def test_a_method_that_is_named_is_the_only_one():
    xy_TNC, mask_TN = one_frame()
    config = SignFilesConfig(occ_method="hand-over-head")
    assert judge(xy_TNC, mask_TN, TIMES_15[:1], config).occluded is False
    xy_TNC, mask_TN = frames([True] * 4)
    verdict = judge(xy_TNC, mask_TN, TIMES_15[:4], SignFilesConfig(occ_method="visibility"))
    assert (verdict.occluded, verdict.method, verdict.share) == (False, "visibility", 0.0)


@pytest.mark.parametrize(("rate_hz", "num_frames"), [(15, 15), (30, 30), (25, 25), (29.97, 30), (120, 120)])
def test_seconds_are_as_many_frames_as_the_clip_has_in_them(rate_hz, num_frames):
    pts_s_T = np.arange(50) / rate_hz
    assert min_run_frames(pts_s_T, SignFilesConfig(occ_min_run_s=1.0)) == num_frames
    assert min_run_frames(pts_s_T, SignFilesConfig()) == 15
