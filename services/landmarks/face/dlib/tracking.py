"""Largest-face tracking between keyframes, for rectangles that take few values and change at few instants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import UInt8Array
from services.base.media.points import PointSource
from services.landmarks.face.dlib.pyramid import Rect
from services.landmarks.face.dlib.search import Face, FaceSearch, same_place

NUM_FRAMES_A_KEY = 5
_NUM_KEYS_A_SWEEP = 8
_GLANCE_STEP_PX = 8
_MAX_CHANGE = 20.0
"""Mean difference in grey levels over a face that talking does not make: a cut, a flash, a broken frame."""

_MAX_SCENE_CHANGE = 12.0


@dataclass(frozen=True)
class _Known:
    """A frame of the segment, -1 being the last keyframe, and the face in it."""

    index: int
    face: Face | None

    @property
    def rect(self) -> Rect | None:
        return self.face.rect if self.face is not None else None


@dataclass(frozen=True)
class Sighting:
    """What is known of a frame's face: nothing (None), seen in it, or held from equal neighbours."""

    face: Face | None
    source: PointSource


class KeyframeTracker:
    """Sightings of one clip's largest face. A function of the frames alone: keyframes lie at fixed distances.

    `segment` takes the frames after one keyframe up to and including the next, and answers with one sighting for each.
    """

    def __init__(self, search: FaceSearch) -> None:
        self._search = search
        self._key: Face | None = None
        self._key_glance: UInt8Array | None = None
        self._key_scene: UInt8Array | None = None
        self._num_keys = 0

    def segment(self, frames: list[UInt8Array]) -> list[Sighting]:
        """frames: uint8 [H, W, 3] each, at least one; the last of them becomes the next keyframe."""
        before = self._key
        key = self._see_key(frames[-1])
        glances = (self._key_glance, _glance(frames[-1], key))
        seen: list[Sighting | None] = [None] * len(frames)
        seen[-1] = _seen(key)
        if len(frames) > 1:
            self._fill(frames, seen, _Known(-1, before), _Known(len(frames) - 1, key))
            self._check_held(frames, seen, glances)
        self._key, self._key_glance = key, glances[1]
        return [sighting for sighting in seen if sighting is not None]

    def _see_key(self, frame_HWC: UInt8Array) -> Face | None:
        scene = frame_HWC[::_GLANCE_STEP_PX, ::_GLANCE_STEP_PX].copy()
        is_sweep = self._num_keys % _NUM_KEYS_A_SWEEP == 0 or _difference(scene, self._key_scene) > _MAX_SCENE_CHANGE
        self._num_keys += 1
        self._key_scene = scene
        face = self._search.follow(frame_HWC, self._key) if self._key is not None else None
        if face is None:
            return self._search.anywhere(frame_HWC)
        return (self._search.larger(frame_HWC, face) if is_sweep else None) or face

    def _fill(self, frames: list[UInt8Array], seen: list[Sighting | None], start: _Known, end: _Known) -> None:
        """Between two frames that are known: hold what they agree on, else look in the middle."""
        if end.index - start.index < 2:
            return
        if start.rect == end.rect:
            held = _held(start.face, end.face)
            seen[start.index + 1 : end.index] = [held] * (end.index - start.index - 1)
            return
        index = (start.index + end.index) // 2
        middle = _Known(index, self._see_between(frames[index], start.face, end.face))
        seen[index] = _seen(middle.face)
        self._fill(frames, seen, start, middle)
        self._fill(frames, seen, middle, end)

    def _see_between(self, frame_HWC: UInt8Array, before: Face | None, after: Face | None) -> Face | None:
        is_one_face = before is not None and after is not None and same_place(before.rect, after.rect)
        found = [self._search.follow(frame_HWC, before)] if before is not None else []
        if after is not None and not (is_one_face and found[0] is not None):
            found.append(self._search.follow(frame_HWC, after))
        faces = [face for face in found if face is not None]
        if faces:
            return max(faces, key=lambda face: face.rect.area)
        return None if is_one_face else self._search.anywhere(frame_HWC)

    def _check_held(
        self,
        frames: list[UInt8Array],
        seen: list[Sighting | None],
        glances: tuple[UInt8Array | None, UInt8Array | None],
    ) -> None:
        """Look again at held frames whose face looks like neither keyframe's."""
        for i, sighting in enumerate(seen):
            if sighting is None or sighting.source != PointSource.TRACKED or sighting.face is None:
                continue
            glance = _glance(frames[i], sighting.face)
            if min(_difference(glance, g) for g in glances) > _MAX_CHANGE:
                seen[i] = _seen(self._search.follow(frames[i], sighting.face))


def _seen(face: Face | None) -> Sighting:
    return Sighting(face, PointSource.DETECTED if face is not None else PointSource.MISSING)


def _held(a: Face | None, b: Face | None) -> Sighting:
    if a is None or b is None:
        return Sighting(None, PointSource.MISSING)
    return Sighting(a if a.score <= b.score else b, PointSource.TRACKED)


def _glance(frame_HWC: UInt8Array, face: Face | None) -> UInt8Array | None:
    if face is None:
        return None
    rect = face.rect
    left, top = max(rect.left, 0), max(rect.top, 0)
    step = max(rect.width // 12, 1)
    return frame_HWC[top : max(rect.bottom, 0) : step, left : max(rect.right, 0) : step].copy()


def _difference(a: UInt8Array | None, b: UInt8Array | None) -> float:
    """Mean absolute difference in grey levels; infinite where they cannot be compared."""
    if a is None or b is None or a.shape != b.shape or not a.size:
        return float("inf")
    return float(np.abs(a.astype(np.int16) - b).mean())
