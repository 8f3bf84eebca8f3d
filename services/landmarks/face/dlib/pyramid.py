"""The image pyramid that dlib's face detector climbs after one upsampling, and cuts of its levels made alone.

Level 0 is the frame at twice its size; level l + 1 is level l at 5/6 of its size; corners lie on corners and pixels are
bilinear, as in dlib's `pyramid_up` and `pyramid_down<6>`. The frame edges of a detection window are mapped back with
dlib's own rounding, so that a rectangle found here is the rectangle that dlib itself reports. Pixels differ from dlib's
by about one grey level: it cuts fractions off at each step, these are rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from services.base.media.arrays import UInt8Array

CELL_PX = 8
WINDOW_PX = 73
"""Side of a reported rectangle on its level: from the middle of the first of ten cells to the middle of the last."""

_MIN_LEVEL_SIDE_PX = 64
_STEPS_OF_BLUR = 2
LEVEL_NEAR_FRAME_SIZE = 4
"""Level 4 is 1.04 times smaller than the frame: from a coarser one a single bilinear step would skip pixels."""

_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


@dataclass(frozen=True)
class Rect:
    """Edges in pixels, both inclusive, as dlib counts them."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        return self.bottom - self.top + 1

    @property
    def area(self) -> int:
        return self.width * self.height

    def shifted(self, x: int, y: int) -> Rect:
        return Rect(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def overlap(self, other: Rect) -> tuple[float, float]:
        """Intersection over union, and intersection over the smaller of the two."""
        width = min(self.right, other.right) - max(self.left, other.left) + 1
        height = min(self.bottom, other.bottom) - max(self.top, other.top) + 1
        shared = max(width, 0) * max(height, 0)
        return shared / (self.area + other.area - shared), shared / min(self.area, other.area)


@dataclass(frozen=True)
class Region:
    """Pixels of a level, the last ones exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def around(self, other: Region) -> Region:
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class Pyramid:
    """Sizes and coordinates of the levels of one frame size. sizes_px: (width, height) of each level, finest first."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.frame_px = (width_px, height_px)
        self.sizes_px = _level_sizes(width_px, height_px)

    def __len__(self) -> int:
        return len(self.sizes_px)

    def level_of(self, rect: Rect) -> int:
        """The level whose detection window is closest in size to a rectangle of the frame."""
        level = round(math.log(max(2 * rect.width / WINDOW_PX, 1.0)) / math.log(1.2))
        return min(level, len(self) - 1)

    def to_frame(self, rect: Rect, level: int) -> Rect:
        """A rectangle of a level in pixels of the frame, rounded where and as dlib rounds it."""
        left, top = _corner_to_frame(rect.left, rect.top, level)
        right, bottom = _corner_to_frame(rect.right, rect.bottom, level)
        return Rect(left, top, right, bottom)

    def centre_on(self, rect: Rect, level: int) -> tuple[float, float]:
        """Where the middle of a rectangle of the frame lies on a level."""
        x, y = (rect.left + rect.right) + 2.5, (rect.top + rect.bottom) + 1.5
        for _ in range(level):
            x, y = (x - 0.3) * 5 / 6, (y - 0.3) * 5 / 6
        return x, y

    def square_around(self, rect: Rect, level: int, side_px: int) -> Region:
        """The part of a level about a rectangle, on the grid of the level's cells, cut off at the frame's edges."""
        x, y = self.centre_on(rect, level)
        width, height = self.sizes_px[level]
        left, top = (max(_nearest((v - side_px / 2) / CELL_PX) * CELL_PX, 0) for v in (x, y))
        left, top = min(left, _last_cell(width)), min(top, _last_cell(height))
        return Region(left, top, min(left + side_px, width), min(top + side_px, height))

    def cut(self, frame_HWC: UInt8Array, regions: Mapping[int, Region]) -> dict[int, UInt8Array]:
        """Regions of levels, uint8 [h, w, 3] each, from one uint8 RGB frame.

        The levels below the finest one asked for matter for the blur that they leave; two of them are enough.
        """
        first = min(max(min(regions) - _STEPS_OF_BLUR, 0), LEVEL_NEAR_FRAME_SIZE)
        needed = self._needed(regions, first)
        cut: dict[int, UInt8Array] = {}
        (width, height), source = self.frame_px, self._source(needed[first], first)
        left, top = source.left, source.top
        # Four channels: OpenCV warps them three times as fast as three.
        image = cv2.cvtColor(frame_HWC[top : source.bottom, left : source.right], cv2.COLOR_RGB2RGBA)
        for level in range(first, max(regions) + 1):
            level_width, level_height = self.sizes_px[level]
            x_step, y_step = _step(width, level_width), _step(height, level_height)
            area = needed[level]
            matrix = np.array([[x_step, 0, x_step * area.left - left], [0, y_step, y_step * area.top - top]])
            size = (area.right - area.left, area.bottom - area.top)
            image = cv2.warpAffine(image, matrix, size, flags=_FLAGS, borderMode=cv2.BORDER_REPLICATE)
            width, height, left, top = level_width, level_height, area.left, area.top
            if (region := regions.get(level)) is not None:
                part = image[region.top - top : region.bottom - top, region.left - left : region.right - left]
                cut[level] = cv2.cvtColor(part, cv2.COLOR_RGBA2RGB)
        return cut

    def whole(self, frame_HWC: UInt8Array, levels: Iterable[int]) -> dict[int, UInt8Array]:
        """Whole levels, uint8 [h, w, 3] each."""
        return self.cut(frame_HWC, {level: Region(0, 0, *self.sizes_px[level]) for level in levels})

    def _needed(self, regions: Mapping[int, Region], first: int) -> dict[int, Region]:
        last = max(regions)
        needed = {last: regions[last]}
        for level in range(last - 1, first - 1, -1):
            support = _support(needed[level + 1], self.sizes_px[level], self.sizes_px[level + 1])
            needed[level] = support.around(regions[level]) if level in regions else support
        return needed

    def _source(self, region: Region, level: int) -> Region:
        return _support(region, self.frame_px, self.sizes_px[level])


def _support(region: Region, from_px: tuple[int, int], to_px: tuple[int, int]) -> Region:
    """The pixels of one image that a region of its resized copy is made from."""
    x_step, y_step = _step(from_px[0], to_px[0]), _step(from_px[1], to_px[1])
    return Region(
        int(region.left * x_step),
        int(region.top * y_step),
        min(int((region.right - 1) * x_step) + 2, from_px[0]),
        min(int((region.bottom - 1) * y_step) + 2, from_px[1]),
    )


def _level_sizes(width_px: int, height_px: int) -> tuple[tuple[int, int], ...]:
    # dlib stops where the *rectangle* of the level falls under 64 px, which its images do a little earlier.
    width, height = _nearest(2 * (width_px - 1) + 2.5) + 1, _nearest(2 * (height_px - 1) + 1.5) + 1
    sizes = [(width, height)]
    left, top, right, bottom = 0, 0, width - 1, height - 1
    while True:
        left, top, right, bottom = (_nearest((v - 0.3) * 5 / 6) for v in (left, top, right, bottom))
        if min(right - left, bottom - top) + 1 < _MIN_LEVEL_SIDE_PX:
            return tuple(sizes)
        width, height = 5 * width // 6, 5 * height // 6
        sizes.append((width, height))


def _corner_to_frame(x: float, y: float, level: int) -> tuple[int, int]:
    ratio = 5 / 6
    for _ in range(level):
        x, y = x / ratio + 0.3, y / ratio + 0.3
    x, y = _nearest(x), _nearest(y)
    return _nearest(x / 2 - 1.25), _nearest(y / 2 - 0.75)


def _step(num_from: int, num_to: int) -> float:
    return (num_from - 1) / max(num_to - 1, 1)


def _last_cell(side_px: int) -> int:
    return max((side_px - 1) // CELL_PX * CELL_PX, 0)


def _nearest(value: float) -> int:
    return math.floor(value + 0.5)
