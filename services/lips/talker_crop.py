"""The square of a frame that a talking head learns, where the landmarks put it, at the size that its network takes.

As SyncTalk_2D's data set cuts it (https://github.com/ZiqiaoPeng/SyncTalk_2D): as wide as from the point before the
right ear to the one before the left, as high as wide, from the bridge of the nose downwards. There a square that leaves
the picture is cut off at the border, and what is left of it stretched; here the border is repeated, so that a crop's
pixels are square in every frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.arrays import Float32Array, UInt8Array

CROP_PX = 328

# Rows of 110 points, and of the 98 of WFLW, whose bridge of the nose is numbered from above.
_SIDES = (1, 31)
_TOPS = {110: 52, 98: 53}
_MOST_SIDES = 2


@dataclass(frozen=True)
class CropBox:
    """A square in a frame, which may lie beyond its borders. side_px: 1 or more."""

    left_px: int
    top_px: int
    side_px: int

    def __post_init__(self) -> None:
        if self.side_px < 1:
            raise ValueError(f"a crop's side must be 1 px or more, not {self.side_px}")

    def outside_share(self, width_px: int, height_px: int) -> float:
        """Of its area, what lies beyond the borders of a frame of that size, 0 to 1."""
        across_px = min(self.left_px + self.side_px, width_px) - max(self.left_px, 0)
        down_px = min(self.top_px + self.side_px, height_px) - max(self.top_px, 0)
        return 1.0 - max(across_px, 0) * max(down_px, 0) / self.side_px**2


def box_of(points_NC: Float32Array) -> CropBox:
    """Of a frame's landmarks, [110, 2] or [98, 2], whole pixels by cutting off, as the original does.

    Raises ValueError for another number of points; BadInput NO_CROP for a face that is not the right way round.
    """
    if len(points_NC) not in _TOPS:
        raise ValueError(f"a crop follows from 110 points, or 98, not {len(points_NC)}")
    left_px, right_px = (int(points_NC[row, 0]) for row in _SIDES)
    if right_px <= left_px:
        raise BadInput(
            "NO_CROP",
            f"point {_SIDES[1]} at x {right_px} is not to the right of point {_SIDES[0]} at {left_px}: the face is "
            "upside down, or the landmarks are none of a face",
        )
    return CropBox(left_px, int(points_NC[_TOPS[len(points_NC)], 1]), right_px - left_px)


def boxes_of(points_TNC: Float32Array, usable_T: npt.NDArray[np.bool_]) -> list[CropBox | None]:
    """Of each frame, as `box_of`; None where it is not usable, or its points are none of an upright face."""
    return [_box(points_NC) if is_usable else None for points_NC, is_usable in zip(points_TNC, usable_T, strict=True)]


def _box(points_NC: Float32Array) -> CropBox | None:
    try:
        return box_of(points_NC)
    except BadInput:
        return None


def crop(
    frame_HWC: UInt8Array, box: CropBox, size_px: int = CROP_PX, interpolation: int = cv2.INTER_LINEAR
) -> UInt8Array:
    """uint8 [size_px, size_px, C] of the square; beyond the frame its border is repeated. frame_HWC: uint8, not empty.

    interpolation: of OpenCV's; the original has the linear one in training, whatever it asks for. Raises BadInput
    OTHER_PICTURES where the square is none of such a frame: wholly outside, or more than twice as large.
    """
    height_px, width_px = frame_HWC.shape[:2]
    if box.outside_share(width_px, height_px) == 1 or box.side_px > _MOST_SIDES * max(width_px, height_px):
        raise BadInput(
            "OTHER_PICTURES",
            f"a crop of {box.side_px} px at ({box.left_px}, {box.top_px}) is none of a frame of {width_px}x{height_px} "
            "px: the landmarks are of pictures of another size; make them anew",
        )
    (top, bottom, above, below), (left, right, before, behind) = (
        _span(first_px, box.side_px, length_px)
        for first_px, length_px in zip((box.top_px, box.left_px), frame_HWC.shape[:2], strict=True)
    )
    inside_HWC = frame_HWC[top:bottom, left:right]
    if above or below or before or behind:
        inside_HWC = cv2.copyMakeBorder(inside_HWC, above, below, before, behind, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(inside_HWC, (size_px, size_px), interpolation=interpolation), np.uint8)


def _span(first_px: int, side_px: int, length_px: int) -> tuple[int, int, int, int]:
    """(first, one past the last, repeated before, repeated behind) along an axis: at least one line is the frame's."""
    first = min(max(first_px, 0), length_px - 1)
    end = min(max(first_px + side_px, first + 1), length_px)
    before = min(max(first - first_px, 0), side_px - (end - first))
    return first, end, before, side_px - (end - first) - before
