"""Pure geometry of people and hands: who is followed, whose hand is whose, where a missed hand is looked for.

Points are in pixels here, since distances mean nothing in a frame stretched to a square.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from services.base.media.arrays import Float32Array, Float64Array, UInt8Array
from services.landmarks.body.layout import LEFT_SHOULDER, NUM_HEAD_POINTS, RIGHT_SHOULDER

LEFT, RIGHT = 0, 1

# Elbow, wrist, little finger, forefinger of each side, as the pose numbers them.
_ARMS = ((13, 15, 17, 19), (14, 16, 18, 20))

# A hand further than this many arm scales from a wrist is not that arm's. Measured on real clips: a person's own hands
# lie within 0.5, what is none of theirs beyond 1.9.
MAX_REACH = 1.0
# What a hand that looks like the other side's costs against distance, in arm scales.
_LOOKS_OTHER = 0.5
# Two findings of one hand lie closer than this share of its size.
_SAME_HAND = 0.5

# A hand centred this many arm scales out of the frame is not looked for. Measured: none was found beyond 0.25.
_OUT_OF_SIGHT = 0.5

# The window of the second look, in arm scales, and its side in px. Measured: with the forearm pointing up, 1.6 finds
# more of the blurred hands than any of 0.7, 0.9, 1.2 and 2.0 does, and than 1.6 does upright.
_WINDOW_SCALES, _WINDOW_PX = 1.6, 256
_LEAST_WINDOW_PX = 16.0

_HEAD_SCALES, _LEAST_HEAD_OF_SHOULDERS = 2.2, 0.7
_REACH_MARGIN = 0.15


@dataclass(frozen=True)
class Arm:
    """Where the pose says that a hand is. wrist_px, hand_px, up: [2]; up: unit vector from the elbow to the hand."""

    wrist_px: Float64Array
    hand_px: Float64Array
    up: Float64Array
    scale_px: float


@dataclass(frozen=True)
class Window:
    """A square cut out of a frame, turned. to_frame_23: pixels of the cut to pixels of the frame, [2, 3]."""

    side_px: int
    to_frame_23: Float64Array

    def cut(self, frame_HWC: UInt8Array) -> UInt8Array:
        """uint8 [side, side, 3]; black where it reaches out of the frame, a view where it is upright and does not."""
        turn, (left, top) = self.to_frame_23[:, :2], self.to_frame_23[:, 2]
        if (turn == np.eye(2)).all() and left >= 0 and top >= 0:
            inside = frame_HWC[int(top) : int(top) + self.side_px, int(left) : int(left) + self.side_px]
            if inside.shape[:2] == (self.side_px, self.side_px):
                return inside
        size = (self.side_px, self.side_px)
        cut = cv2.warpAffine(frame_HWC, self.to_frame_23, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return np.asarray(cut, np.uint8)

    def points_px(self, xy_NC: Float32Array) -> Float64Array:
        """Points relative to the cut, as pixels of the frame."""
        points: Float64Array = (xy_NC * self.side_px) @ self.to_frame_23[:, :2].T + self.to_frame_23[:, 2]
        return points


def arm_of(pose_px: Float64Array, side: int) -> Arm:
    """pose_px: [33, 2]. Its scale is the longer of forearm and shoulder width: one of them is seen at full length."""
    elbow, wrist, little, fore = _ARMS[side]
    hand_px = pose_px[[wrist, little, fore]].mean(axis=0)
    forearm = pose_px[wrist] - pose_px[elbow]
    shoulders = pose_px[LEFT_SHOULDER] - pose_px[RIGHT_SHOULDER]
    scale_px = max(float(np.hypot(*forearm)), float(np.hypot(*shoulders)), 1.0)
    along = hand_px - pose_px[elbow]
    length = float(np.hypot(*along))
    up = along / length if length > 0 else np.array([0.0, -1.0])
    return Arm(pose_px[wrist], hand_px, up, scale_px)


def hand_window(arm: Arm, width_px: int, height_px: int) -> Window | None:
    """Where to look again for the arm's hand: about it, turned so that the forearm points up. None out of the frame."""
    x, y = arm.hand_px
    if not (0 <= x < width_px and 0 <= y < height_px):
        return None
    wide_px = _WINDOW_SCALES * arm.scale_px
    if wide_px < _LEAST_WINDOW_PX:
        return None
    side_px = min(_WINDOW_PX, int(wide_px))
    right = np.array([-arm.up[1], arm.up[0]])
    turn = np.stack((right, -arm.up), axis=1) * (wide_px / side_px)
    corner = arm.hand_px - turn @ np.full(2, side_px / 2)
    return Window(side_px, np.concatenate((turn, corner[:, None]), axis=1))


def out_of_sight(arm: Arm, width_px: int, height_px: int) -> bool:
    """Whether the arm's hand is so far out of the frame that no part of it can be in it."""
    beyond = np.maximum(np.maximum(-arm.hand_px, arm.hand_px - (width_px, height_px)), 0.0)
    return float(np.hypot(*beyond)) > _OUT_OF_SIGHT * arm.scale_px


def shrunk(frame_HWC: UInt8Array, side_px: int) -> UInt8Array:
    """A frame stretched to a square by area. Halved first while that is exact: a third of the time for large frames,
    and within a grey value of the straight way in the mean.
    """
    height_px, width_px = frame_HWC.shape[:2]
    while min(height_px, width_px) >= 2 * side_px and height_px % 2 == width_px % 2 == 0:
        height_px, width_px = height_px // 2, width_px // 2
        frame_HWC = np.asarray(cv2.resize(frame_HWC, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)
    if (height_px, width_px) == (side_px, side_px):
        return frame_HWC
    return np.asarray(cv2.resize(frame_HWC, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)


def head_window(pose_px: Float64Array, width_px: int, height_px: int) -> Window | None:
    """The square about the pose's head, upright, at the frame's own resolution. None when it is out of the frame."""
    head_px = pose_px[:NUM_HEAD_POINTS]
    low, high = head_px.min(axis=0), head_px.max(axis=0)
    shoulders_px = float(np.hypot(*(pose_px[LEFT_SHOULDER] - pose_px[RIGHT_SHOULDER])))
    side_px = int(max(_HEAD_SCALES * float((high - low).max()), _LEAST_HEAD_OF_SHOULDERS * shoulders_px))
    left, top = np.rint((low + high - side_px) / 2)
    if side_px < _LEAST_WINDOW_PX or not (-side_px < left < width_px and -side_px < top < height_px):
        return None
    # A head larger than the frame is a guess of the pose, and no reason for memory.
    side_px = min(side_px, 2 * max(width_px, height_px))
    return Window(side_px, np.array([[1.0, 0.0, left], [0.0, 1.0, top]]))


def same_hand(a_px: Float64Array, b_px: Float64Array) -> bool:
    """Whether two findings are of one hand: their points lie closer than half the smaller one's size."""
    size_px = min(float(np.ptp(points_px, axis=0).max()) for points_px in (a_px, b_px))
    return float(np.hypot(*(a_px - b_px).T).mean()) < _SAME_HAND * size_px


def distinct_hands(hands_px: Sequence[Float64Array], scores: Sequence[float]) -> list[int]:
    """Indices of the hands without those that a better scored one is, best first; of equals the earlier."""
    kept: list[int] = []
    for i in sorted(range(len(hands_px)), key=lambda i: (-scores[i], i)):
        if not any(same_hand(hands_px[i], hands_px[other]) for other in kept):
            kept.append(i)
    return kept


def hands_of_sides(
    hands_px: Sequence[Float64Array],
    looks_left: Sequence[bool],
    scores: Sequence[float],
    arms: tuple[Arm, Arm] | None,
    several_people: bool = False,
) -> tuple[int | None, int | None]:
    """Which hand is the left one and which the right: by nearness to the pose's wrists, and by how it looks.

    A hand out of reach of a wrist is not that side's. Without arms looks decide. As many hands as possible are given a
    side, at the least cost; of equals the first. several_people: see `cost_of`.
    """
    candidates: list[int | None] = [*range(len(hands_px)), None]
    best: tuple[int | None, int | None] = (None, None)
    best_rank = (1, 0.0)
    for pair in itertools.product(candidates, repeat=2):
        if pair[LEFT] is not None and pair[LEFT] == pair[RIGHT]:
            continue
        cost = 0.0
        for side, i in enumerate(pair):
            if i is not None:
                arm = None if arms is None else arms[side]
                looks_right = looks_left[i] == (side == LEFT)
                cost += cost_of(hands_px[i], looks_right, scores[i], arm, several_people)
        rank = (-sum(i is not None for i in pair), cost)
        if np.isfinite(cost) and rank < best_rank:
            best, best_rank = (pair[0], pair[1]), rank
    return best


def cost_of(hand_px: Float64Array, looks_right: bool, score: float, arm: Arm | None, several_people: bool) -> float:
    """Of giving a hand to an arm's side; infinite out of reach. looks_right: whether it looks like that side's.

    Among several people looks count for reach too: a neighbour's hand beside a wrist is mostly one of the other side.
    """
    looks = 0.0 if looks_right else _LOOKS_OTHER * score
    if arm is None:
        return looks
    distance = reach_of(hand_px, arm)
    reach = distance + looks if several_people else distance
    return distance + looks if reach <= MAX_REACH else float("inf")


def reach_of(hand_px: Float64Array, arm: Arm) -> float:
    """From the pose's wrist to the hand's, in arm scales."""
    return float(np.hypot(*(hand_px[0] - arm.wrist_px))) / arm.scale_px


def box_of(pose_px: Float64Array, width_px: int, height_px: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what of a person is in the frame."""
    size = np.array([width_px, height_px], np.float64)
    low, high = (np.clip(edge, 0.0, size) for edge in (pose_px.min(axis=0), pose_px.max(axis=0)))
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def prominence(pose_px: Float64Array, width_px: int, height_px: int) -> float:
    """How much somebody is the one the clip is about: area in the frame, half of it at the left or right edge."""
    left, top, right, bottom = box_of(pose_px, width_px, height_px)
    off_centre = abs((left + right) / width_px - 1.0)
    return (right - left) * (bottom - top) * (1.0 - 0.5 * off_centre)


def alone(frame_HWC: UInt8Array, chosen_px: Float64Array, others_px: Sequence[Float64Array]) -> UInt8Array:
    """The frame with one person alone: black but for that person's box, a little widened, without the others' boxes."""
    height_px, width_px = frame_HWC.shape[:2]
    out_HWC = np.zeros_like(frame_HWC)
    around = _rectangle(chosen_px, _REACH_MARGIN, width_px, height_px)
    out_HWC[around] = frame_HWC[around]
    for other_px in others_px:
        out_HWC[_rectangle(other_px, 0.0, width_px, height_px)] = 0
    own = _rectangle(chosen_px, 0.0, width_px, height_px)
    out_HWC[own] = frame_HWC[own]
    return out_HWC


def _rectangle(pose_px: Float64Array, margin: float, width_px: int, height_px: int) -> tuple[slice, slice]:
    left, top, right, bottom = box_of(pose_px, width_px, height_px)
    dx, dy = (right - left) * margin, (bottom - top) * margin
    return (
        slice(max(0, int(top - dy)), min(height_px, int(np.ceil(bottom + dy)))),
        slice(max(0, int(left - dx)), min(width_px, int(np.ceil(right + dx)))),
    )
