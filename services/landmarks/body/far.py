"""A signer too small in the frame to be found in the whole of it: looked for in parts, then read in a cut-out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array, UInt8Array
from services.landmarks.body.layout import NUM_POSE_POINTS
from services.landmarks.body.mediapipe_body import FoundPerson
from services.landmarks.body.ops import box_of

# Parts overlap by half. Their side, as shares of the frame's shorter side; the larger ones are looked through first.
_PART_SHARES = (1 / 2, 1 / 4)
# Smaller parts hold nobody whose hands could be read.
_LEAST_PART_PX = 160
# The cut-out is this many times as large as the person's box, so that moving hands stay in it.
_ROOM = 1.6
# A person whose middle is further than this share of the cut-out's side from its middle gets a new one.
_OFF_MIDDLE = 0.2
# Frames without anybody after which the cut-out is given up.
_LOST_FRAMES = 15
_FIRST_WAIT_FRAMES = 15

PeopleIn = Callable[[UInt8Array], list[FoundPerson]]


@dataclass(frozen=True)
class CutOut:
    """A square part of the frame, within it, in pixels."""

    left_px: int
    top_px: int
    side_px: int

    def of(self, frame_HWC: UInt8Array) -> UInt8Array:
        """The part, contiguous."""
        rows = slice(self.top_px, self.top_px + self.side_px)
        return np.ascontiguousarray(frame_HWC[rows, self.left_px : self.left_px + self.side_px])

    def over_frame(self, xy_NC: Float32Array, width_px: int, height_px: int) -> Float32Array:
        """Points relative to the part, as points over the frame's width and height."""
        corner = np.array([self.left_px, self.top_px], np.float64)
        return np.asarray((xy_NC * self.side_px + corner) / (width_px, height_px), np.float32)


class FarSigner:
    """One clip's cut-out, if it has one. people_in: looks for people in a part of any size.

    Where nobody is found in a whole frame, its parts are looked through: in the first such frame, and then after 15,
    30, 60 … more of them, so that a clip without anybody costs little.
    """

    def __init__(self, people_in: PeopleIn, has_face: Callable[[UInt8Array, FoundPerson], bool]) -> None:
        self._people_in = people_in
        self._has_face = has_face
        self.cut_out: CutOut | None = None
        self._forget()

    def _forget(self) -> None:
        self.cut_out = None
        self._num_empty = 0
        self._search_at, self._wait_frames = 1, _FIRST_WAIT_FRAMES

    def new_scene(self) -> None:
        self._forget()

    def seen(self, pose_px: Float64Array | None) -> bool:
        """Somebody was seen, with this body (pixels of the cut-out); whether it is far from the cut-out's middle."""
        self._num_empty = 0
        if self.cut_out is None or pose_px is None:
            return False
        side_px = self.cut_out.side_px
        left, top, right, bottom = box_of(pose_px[:NUM_POSE_POINTS], side_px, side_px)
        off = np.array([left + right, top + bottom]) / 2 - side_px / 2
        return bool(np.abs(off).max() > _OFF_MIDDLE * side_px)

    def follow(self, frame_HWC: UInt8Array, pose_px: Float64Array) -> bool:
        """Puts the cut-out about the body again; whether that moves it."""
        assert self.cut_out is not None
        corner = np.array([self.cut_out.left_px, self.cut_out.top_px], np.float64)
        before, self.cut_out = self.cut_out, about(pose_px + corner, frame_HWC.shape[1], frame_HWC.shape[0])
        return before != self.cut_out

    def empty(self, frame_HWC: UInt8Array) -> bool:
        """Nobody was seen in this frame; whether a cut-out with somebody in it was found now."""
        self._num_empty += 1
        if self.cut_out is not None:
            if self._num_empty >= _LOST_FRAMES:
                self._forget()
            return False
        if self._num_empty < self._search_at:
            return False
        self._search_at, self._wait_frames = self._num_empty + self._wait_frames, 2 * self._wait_frames
        self.cut_out = self._search(frame_HWC)
        if self.cut_out is None:
            return False
        self._num_empty = 0
        return True

    def _search(self, frame_HWC: UInt8Array) -> CutOut | None:
        height_px, width_px = frame_HWC.shape[:2]
        for share in _PART_SHARES:
            found = [cut_out for part in parts(width_px, height_px, share) for cut_out in self._in(frame_HWC, part)]
            if found:
                return max(found, key=lambda cut_out: cut_out.side_px)
        return None

    def _in(self, frame_HWC: UInt8Array, part: CutOut) -> Iterator[CutOut]:
        """Cut-outs about the people in a part who are found again in theirs, with a face."""
        height_px, width_px = frame_HWC.shape[:2]
        for person in self._people_in(part.of(frame_HWC)):
            pose_px = person.xy_NC.astype(np.float64) * part.side_px + (part.left_px, part.top_px)
            cut_out = about(pose_px, width_px, height_px)
            view_HWC = cut_out.of(frame_HWC)
            if any(self._has_face(view_HWC, again) for again in self._people_in(view_HWC)):
                yield cut_out


def parts(width_px: int, height_px: int, share: float) -> list[CutOut]:
    """Squares of this share of the frame's shorter side, which overlap by half and cover it; none where too small."""
    side_px = int(min(width_px, height_px) * share)
    if side_px < _LEAST_PART_PX:
        return []
    columns, rows = (max(1, round(2 * size / side_px) - 1) for size in (width_px, height_px))
    lefts = np.linspace(0, width_px - side_px, columns).astype(int).tolist()
    tops = np.linspace(0, height_px - side_px, rows).astype(int).tolist()
    return [CutOut(left, top, side_px) for top in tops for left in lefts]


def about(pose_px: Float64Array, width_px: int, height_px: int) -> CutOut:
    """The square about what of a body is in the frame, with room for its hands, moved into the frame."""
    left, top, right, bottom = box_of(pose_px[:NUM_POSE_POINTS], width_px, height_px)
    side_px = max(1, min(round(_ROOM * max(right - left, bottom - top)), width_px, height_px))
    corner_left = min(max(0, round((left + right - side_px) / 2)), width_px - side_px)
    corner_top = min(max(0, round((top + bottom - side_px) / 2)), height_px - side_px)
    return CutOut(corner_left, corner_top, side_px)
