"""Which face of a clip is followed: when it is searched for, where it is expected, and when it is given up. Pure.

The largest face at the beginning, and then the same one. A search is due at fixed distances, and wherever the face does
not stand where its points were. Between two searches the box moves and grows with the points, so that it is always the
one that the detector would give. After a cut, and when the face is gone for longer than anybody would bridge, the
largest face is chosen anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float32Array
from services.landmarks.face.pfld.boxes import FaceBox

MOST_LOST_FRAMES = 12
"""A face found within so many frames of its loss near where it was lost is the same one."""

# SCRFD's candidates score .1 and more; one that a track begins with must be surer, since nothing else speaks for it.
_LEAST_FIRST_SCORE = 0.3
# Between two sightings of one face its centre moves by less of its side, and its side grows by less: people who sit
# side by side are further apart. From frame to frame a head moves much less.
_REACH, _GROWTH = 0.6, 1.6
_STEP, _STEP_GROWTH = 0.25, 1.25


@dataclass(frozen=True)
class Chosen:
    """The face of a frame that was searched. is_new: another one than before, or the first."""

    box: FaceBox
    is_new: bool


class Following:
    """One clip's face. For each frame, in order: `expected`, then `holds` or `choose`, then `seen` where it was found.

    search_every_frames: 1 or more; frames at its multiples are searched.
    """

    def __init__(self, search_every_frames: int) -> None:
        self._every = search_every_frames
        self._index = -1
        self._box: FaceBox | None = None
        self._num_lost = 0
        self._relation = (0.0, 0.0, 1.0, 1.0)

    def expected(self, *, is_cut: bool) -> FaceBox | None:
        """Begins the next frame: where the face is without a search, None where a search is due.

        is_cut: whether the frame begins another scene.
        """
        self._index += 1
        if is_cut:
            self._forget()
        return None if self._index % self._every == 0 or self._num_lost else self._box

    def holds(self, points_NC: Float32Array) -> bool:
        """Whether points found in the expected box are of a head that has moved there since the frame before."""
        return self._box is not None and _is_near(self._box, self._box_of(points_NC), _STEP, _STEP_GROWTH)

    def choose(self, faces: Sequence[FaceBox]) -> Chosen | None:
        """The clip's face among all of a frame that was searched, or None: the frame has none."""
        before = self._box
        if before is None:
            sure = [face for face in faces if face.score >= _LEAST_FIRST_SCORE]
            return Chosen(max(sure, key=lambda face: face.area), is_new=True) if sure else None
        own = [face for face in faces if _is_near(before, face, _REACH, _GROWTH)]
        if own:
            return Chosen(max(own, key=before.overlap), is_new=False)
        self._num_lost += 1
        if self._num_lost > MOST_LOST_FRAMES:
            self._forget()
            return self.choose(faces)
        return None

    def seen(self, points_NC: Float32Array, searched: FaceBox | None) -> None:
        """Ends a frame that shows the face. searched: the detector's box, where there was a search."""
        self._num_lost = 0
        if searched is None:
            self._box = self._box_of(points_NC)
            return
        x, y, size = _place(points_NC)
        centre_x, centre_y = searched.centre
        self._relation = (
            (centre_x - x) / size,
            (centre_y - y) / size,
            (searched.right - searched.left) / size,
            (searched.bottom - searched.top) / size,
        )
        self._box = searched

    @property
    def score(self) -> float:
        """The detector's, of the latest search that found the face; 0 where none is followed."""
        return 0.0 if self._box is None else self._box.score

    def _forget(self) -> None:
        self._box, self._num_lost = None, 0

    def _box_of(self, points_NC: Float32Array) -> FaceBox:
        x, y, size = _place(points_NC)
        dx, dy, width, height = (part * size for part in self._relation)
        left, top = x + dx - width / 2, y + dy - height / 2
        return FaceBox(left, top, left + width, top + height, self.score)


def _place(points_NC: Float32Array) -> tuple[float, float, float]:
    """Centre and size of a face by all of its points, which an opening mouth hardly changes."""
    points = points_NC.astype(np.float64)
    x, y = points.mean(axis=0).tolist()
    return x, y, max(float(np.sqrt(((points - (x, y)) ** 2).sum(axis=1).mean())), 1e-3)


def _is_near(before: FaceBox, after: FaceBox, reach: float, growth: float) -> bool:
    (x, y), (other_x, other_y) = before.centre, after.centre
    sides = sorted((before.longer_side, after.longer_side))
    return float(np.hypot(other_x - x, other_y - y)) <= reach * sides[1] and sides[1] <= growth * sides[0]
