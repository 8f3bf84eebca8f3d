"""One clip's hands: found in the whole frame, given to the person's sides, and looked for again where missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.base.media.arrays import Float64Array, UInt8Array
from services.landmarks.body.mediapipe_body import FoundHand
from services.landmarks.body.ops import (
    LEFT,
    MAX_REACH,
    RIGHT,
    Arm,
    arm_of,
    cost_of,
    distinct_hands,
    hand_window,
    hands_of_sides,
    same_hand,
)

StillHandsCall = Callable[[UInt8Array], list[FoundHand]]


class MovingHandsCall(Protocol):
    def __call__(self, frame_HWC: UInt8Array, time_s: float) -> list[FoundHand]: ...

    def clear(self) -> None: ...


@dataclass(frozen=True)
class HandOfSide:
    """points_px: float64 [21, 2], pixels of the frame. score: how sure the model is of which hand it sees, 0.5 to 1."""

    points_px: Float64Array
    score: float


class HandsTrack:
    """One clip's left and right hand."""

    def __init__(self, moving: MovingHandsCall, still: StillHandsCall) -> None:
        self._moving = moving
        self._still = still

    def next(
        self,
        searched_HWC: UInt8Array,
        frame_HWC: UInt8Array,
        time_s: float,
        pose_px: Float64Array | None,
        several_people: bool,
    ) -> tuple[HandOfSide | None, HandOfSide | None]:
        """Left and right. searched_HWC: the frame as the whole-frame search sees it; frame_HWC: as it is.

        pose_px: float64 [33, 2], pixels of frame_HWC, or None where nobody was found.
        """
        height_px, width_px = frame_HWC.shape[:2]
        found = self._moving(searched_HWC, time_s)
        hands = [HandOfSide(hand.xy_NC.astype(np.float64) * (width_px, height_px), hand.score) for hand in found]
        kept = distinct_hands([hand.points_px for hand in hands], [hand.score for hand in hands])
        arms = None if pose_px is None else (arm_of(pose_px, LEFT), arm_of(pose_px, RIGHT))
        points = [hands[i].points_px for i in kept]
        looks, scores = [found[i].is_left for i in kept], [hands[i].score for i in kept]
        pair = hands_of_sides(points, looks, scores, arms, several_people)
        if pair == (None, None) and not several_people:
            # Hands alone in the frame: the body that the pose model made up for them has its wrists elsewhere.
            pair = hands_of_sides(points, looks, scores, None)
        sides = [None if i is None else hands[kept[i]] for i in pair]
        if arms is not None:
            for side in (LEFT, RIGHT):
                if sides[side] is None:
                    taken = [hand for hand in sides if hand is not None]
                    sides[side] = self._second_chance(frame_HWC, arms, side, taken, several_people)
        return sides[LEFT], sides[RIGHT]

    def _second_chance(
        self,
        frame_HWC: UInt8Array,
        arms: tuple[Arm, Arm],
        side: int,
        taken: Sequence[HandOfSide],
        several_people: bool,
    ) -> HandOfSide | None:
        """The hand at the pose's wrist, in a cut of the frame at its own resolution; not one that is taken already."""
        height_px, width_px = frame_HWC.shape[:2]
        window = hand_window(arms[side], width_px, height_px)
        if window is None:
            return None
        best, best_distance = None, MAX_REACH
        for hand in self._still(window.cut(frame_HWC)):
            points_px = window.points_px(hand.xy_NC)
            looks_right = not several_people or hand.is_left == (side == LEFT)
            distance = cost_of(points_px, looks_right, hand.score, arms[side], several_people)
            if distance <= best_distance and not any(same_hand(points_px, other.points_px) for other in taken):
                best, best_distance = HandOfSide(points_px, hand.score), distance
        return best
