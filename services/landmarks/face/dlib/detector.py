"""dlib's frontal face detector, and cuts of it: one or three pyramid levels in place of all, one view of the five.

A cut is made of the detector's own state, as `__getstate__` gives it: dlib's stream of integers, each a length byte
(sign in its top bit) and that many bytes, little end first. Reals are two such integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dlib
import numpy as np

from services.base.media.arrays import UInt8Array
from services.landmarks.face.dlib.pyramid import Rect

# Integers in the state: before the number of levels, and between it and the two reals of the overlap test.
_NUM_BEFORE_LEVELS = 8
_NUM_AFTER_LEVELS = 5
_ALL_LEVELS = 1000


@dataclass(frozen=True)
class Hit:
    """A rectangle, the detector's confidence in it, and which of the detector's five views of a face gave it."""

    rect: Rect
    score: float
    view: int


class Detector:
    """One dlib detector. views: the indices in the full detector of those that this one holds."""

    def __init__(self, detector: dlib.fhog_object_detector, views: Sequence[int]) -> None:
        self._detector = detector
        self._views = tuple(views)

    def __call__(self, image_HWC: UInt8Array, num_upsamplings: int = 0) -> list[Hit]:
        """Hits best first, none overlapping another; image_HWC: uint8 RGB."""
        rects, scores, views = self._detector.run(np.ascontiguousarray(image_HWC), num_upsamplings, 0.0)
        return [
            Hit(Rect(r.left(), r.top(), r.right(), r.bottom()), score, self._views[view])
            for r, score, view in zip(rects, scores, views, strict=True)
        ]


class Detectors:
    """The frontal face detector and its cuts; not to be shared between threads."""

    def __init__(self) -> None:
        inventory = dlib.get_frontal_face_detector()
        self._state = _State(inventory.__getstate__()[0])
        self.full = Detector(inventory, range(self._state.num_views))
        self.three_levels = self._cut(3, range(self._state.num_views))
        self._one_level = self._cut(1, range(self._state.num_views))
        self._one_view = [self._cut(1, [view]) for view in range(self._state.num_views)]
        self.max_iou, self.max_cover = self._state.overlap

    def one_level(self, view: int | None) -> Detector:
        """No pyramid: the image as it is. view: one of the five, None is all."""
        return self._one_level if view is None else self._one_view[view]

    def distinct(self, hits: Sequence[Hit]) -> list[Hit]:
        """Hits best first without those that overlap a better one, as dlib thins them."""
        kept: list[Hit] = []
        for hit in sorted(hits, key=lambda h: -h.score):
            if not any(self._overlapping(hit.rect, better.rect) for better in kept):
                kept.append(hit)
        return kept

    def _overlapping(self, a: Rect, b: Rect) -> bool:
        iou, cover = a.overlap(b)
        return iou > self.max_iou or cover > self.max_cover

    def _cut(self, num_levels: int, views: Sequence[int]) -> Detector:
        detector = dlib.fhog_object_detector.__new__(dlib.fhog_object_detector)
        detector.__setstate__((self._state.cut(num_levels, views),))
        return Detector(detector, views)


class _State:
    """A detector's state in pieces. Raises RuntimeError when this dlib writes it otherwise."""

    def __init__(self, data: bytes) -> None:
        levels_at = _skip(data, 0, _NUM_BEFORE_LEVELS)
        levels_end = _skip(data, levels_at, 1)
        overlap_at = _skip(data, levels_end, _NUM_AFTER_LEVELS)
        count_at = _skip(data, overlap_at, 4)
        first_view = _skip(data, count_at, 1)
        if _integer(data, levels_at) != _ALL_LEVELS:
            raise RuntimeError(
                f"dlib {dlib.__version__} writes its face detector in a way that is not known here: use dlib 20"
            )
        self.num_views = _integer(data, count_at)
        self.overlap = (_real(data, overlap_at), _real(data, _skip(data, overlap_at, 2)))
        self._head = data[:levels_at]
        self._middle = data[levels_end:count_at]
        self._views: list[bytes] = []
        at = first_view
        for _ in range(self.num_views):
            num_rows, num_columns = (abs(_integer(data, i)) for i in (at, _skip(data, at, 1)))
            end = _skip(data, at, 2 + 2 * num_rows * num_columns)
            self._views.append(data[at:end])
            at = end

    def cut(self, num_levels: int, views: Sequence[int]) -> bytes:
        parts = [self._head, bytes([1, num_levels]), self._middle, bytes([1, len(views)])]
        return b"".join(parts + [self._views[view] for view in views])


def _skip(data: bytes, at: int, num_integers: int) -> int:
    for _ in range(num_integers):
        at += 1 + (data[at] & 0x0F)
    return at


def _integer(data: bytes, at: int) -> int:
    size = data[at] & 0x0F
    value = int.from_bytes(data[at + 1 : at + 1 + size], "little")
    return -value if data[at] & 0x80 else value


def _real(data: bytes, at: int) -> float:
    return float(_integer(data, at)) * 2.0 ** _integer(data, _skip(data, at, 1))
