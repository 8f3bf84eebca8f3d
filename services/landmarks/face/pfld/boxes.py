"""Boxes of faces: what of them overlaps, which square of a frame the network of points sees. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# The square is so much wider than the face's longer side.
_MARGIN = 1.05
_MOST_OVERLAP = 0.5


@dataclass(frozen=True)
class FaceBox:
    """Edges in pixels of the frame, which they may leave. score: 0 to 1. Raises ValueError for an empty box."""

    left: float
    top: float
    right: float
    bottom: float
    score: float

    def __post_init__(self) -> None:
        if not (self.left < self.right and self.top < self.bottom):
            raise ValueError(f"a box must have an area, not {self}")

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def longer_side(self) -> float:
        return max(self.right - self.left, self.bottom - self.top)

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)

    def overlap(self, other: FaceBox) -> float:
        """Intersection over union."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        shared = max(width, 0.0) * max(height, 0.0)
        return shared / (self.area + other.area - shared)

    def square(self) -> tuple[int, int, int]:
        """(left, top, side) px that the network of points sees: whole pixels, cut off as the original does."""
        side = int(_MARGIN * self.longer_side)
        x, y = self.centre
        return int(x - side / 2), int(y - side / 2), side


def distinct(boxes: Iterable[FaceBox]) -> list[FaceBox]:
    """Best first, without those that overlap a better one by more than half of their union."""
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda b: -b.score):
        if not any(box.overlap(better) > _MOST_OVERLAP for better in kept):
            kept.append(box)
    return kept
