"""Finding the largest face of a frame as dlib's per-frame search would, at a fraction of its cost.

Near a known face three levels of the pyramid are searched in a small square. Over a whole frame the coarse levels come
first: the largest face is on the coarsest level that holds one, and the fine levels are where the time goes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import UInt8Array
from services.landmarks.face.dlib.detector import Detectors, Hit
from services.landmarks.face.dlib.pyramid import CELL_PX, LEVEL_NEAR_FRAME_SIZE, Pyramid, Rect, Region

SQUARE_PX = 112
"""A window of ten cells, one to each side to move by, one more for the neighbours that normalise it."""

_CLEAR_SCORE = 1.0
_CLEAR_LEAD = 0.4
_MAX_CLIMBS = 4
_LEVELS_A_BAND = 3
_SAME_FACE_IOU = 0.3
_BLANK_RANGE = 8
_SAMPLE_STEP_PX = 4


@dataclass(frozen=True)
class Face:
    """A face in a frame: the rectangle dlib would report, its score, the view that gave it, and its level."""

    rect: Rect
    score: float
    view: int
    level: int


def same_place(a: Rect, b: Rect) -> bool:
    """Whether two rectangles can be of one face."""
    return a.overlap(b)[0] > _SAME_FACE_IOU


class FaceSearch:
    """Searches in frames of one size."""

    def __init__(self, detectors: Detectors, pyramid: Pyramid) -> None:
        self._detectors = detectors
        self._pyramid = pyramid

    def near(self, frame_HWC: UInt8Array, rect: Rect, level: int, view: int | None) -> Face | None:
        """The largest face within a cell (an eighth of its size) of a known one, climbing on while it improves.

        view: only the view that gave the known face, None is all of them.
        """
        best: Face | None = None
        for _ in range(_MAX_CLIMBS):
            found = self._around(frame_HWC, rect, level, view)
            best = _largest(found, self._detectors) or best
            if best is None or not _is_climbing(best, found, level):
                return best
            rect, level = best.rect, best.level
        return best

    def follow(self, frame_HWC: UInt8Array, known: Face) -> Face | None:
        """The known face in another frame. All views are searched unless one of them saw it clearly and still does."""
        if known.score >= _CLEAR_SCORE:
            found = self.near(frame_HWC, known.rect, known.level, known.view)
            if found is not None and found.score >= _CLEAR_SCORE:
                return found
        return self.near(frame_HWC, known.rect, known.level, None)

    def anywhere(self, frame_HWC: UInt8Array) -> Face | None:
        """The largest face of the frame."""
        return self._coarse_to_fine(frame_HWC, 0, None)

    def larger(self, frame_HWC: UInt8Array, known: Face) -> Face | None:
        """A face elsewhere in the frame that is larger than the known one."""
        found = self._coarse_to_fine(frame_HWC, known.level + 1, known.rect)
        return found if found is not None and found.rect.area > known.rect.area else None

    def _coarse_to_fine(self, frame_HWC: UInt8Array, finest: int, known: Rect | None) -> Face | None:
        starts = range(finest, len(self._pyramid), _LEVELS_A_BAND)
        if not starts or _is_blank(frame_HWC):
            return None
        coarse = [start for start in starts if start >= LEVEL_NEAR_FRAME_SIZE]
        images = self._pyramid.whole(frame_HWC, coarse) if coarse else {}
        for start in reversed(starts):
            image = images[start] if start in images else self._pyramid.whole(frame_HWC, [start])[start]
            hits = self._detectors.three_levels(image)
            for hit in sorted(hits, key=lambda h: -h.rect.area):
                rect = self._pyramid.to_frame(hit.rect, start)
                if known is not None and same_place(rect, known):
                    continue
                face = self.near(frame_HWC, rect, self._pyramid.level_of(rect), None)
                if face is not None:
                    return face
        return None

    def _around(self, frame_HWC: UInt8Array, rect: Rect, level: int, view: int | None) -> list[Face]:
        levels = [n for n in (level - 1, level, level + 1) if 0 <= n < len(self._pyramid)]
        regions = {n: self._pyramid.square_around(rect, n, SQUARE_PX) for n in levels}
        detector = self._detectors.one_level(view)
        faces: list[Face] = []
        for n, image in self._pyramid.cut(frame_HWC, regions).items():
            region, size = regions[n], self._pyramid.sizes_px[n]
            for hit in detector(image):
                if _is_whole(hit.rect, region, size):
                    on_level = hit.rect.shifted(region.left, region.top)
                    faces.append(Face(self._pyramid.to_frame(on_level, n), hit.score, hit.view, n))
        return faces


def _largest(faces: list[Face], detectors: Detectors) -> Face | None:
    by_rect = {face.rect: face for face in sorted(faces, key=lambda f: f.score)}
    kept = detectors.distinct([Hit(f.rect, f.score, f.view) for f in by_rect.values()])
    best = max(kept, key=lambda hit: hit.rect.area, default=None)
    return by_rect[best.rect] if best is not None else None


def _is_climbing(best: Face, found: list[Face], level: int) -> bool:
    if best.level == level:
        return False
    at_centre = max((face.score for face in found if face.level == level), default=-np.inf)
    return best.score - at_centre > _CLEAR_LEAD


def _is_whole(rect: Rect, region: Region, level_px: tuple[int, int]) -> bool:
    """Whether a window saw only cells that the cut has whole; beyond the frame's own edges dlib sees nothing either."""
    middle = CELL_PX // 2 + 1
    first = CELL_PX + middle
    last_x = region.right - region.left - 2 * CELL_PX + middle
    last_y = region.bottom - region.top - 2 * CELL_PX + middle
    return (
        (rect.left >= first or region.left == 0)
        and (rect.top >= first or region.top == 0)
        and (rect.right <= last_x or region.right == level_px[0])
        and (rect.bottom <= last_y or region.bottom == level_px[1])
    )


def _is_blank(frame_HWC: UInt8Array) -> bool:
    sample = frame_HWC[::_SAMPLE_STEP_PX, ::_SAMPLE_STEP_PX]
    return bool(np.ptp(sample.reshape(-1, 3), axis=0).max() < _BLANK_RANGE)
