"""The mediapipe backend: 478 points of the largest face, by MediaPipe's face landmarker.

Scores: MediaPipe gives none with its points, so a frame's score is its face detector's confidence (0.5 to 1): of that
frame where the face was DETECTED, of the latest frame that confirmed it where it was TRACKED.
"""

from __future__ import annotations

import abc
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import MEDIAPIPE_478, topology
from services.base.media.video import FrameChunk
from services.base.worker.fingerprint import sha256_of
from services.landmarks.face.backend import Backend, FaceTrack, landmarks_of, missing_points
from services.landmarks.mediapipe.tasks import FaceTasks, Finder, FoundFace, MovingMesh, StillMesh
from services.landmarks.models import FACE_LANDMARKER
from services.landmarks.spec import LandmarksConfig, Mode

_NUM_POINTS = topology(MEDIAPIPE_478).num_points

# A followed face is held against all faces of the frame this often; a larger one is seen no later.
CHECK_EVERY_FRAMES = 10
# How much larger another face must be for a track to leave its own: two of a size must not take turns.
_LARGER_BY = 1.25
# What the mesh sees around a face: its crop is half as wide again as the face, and may be turned.
_MARGIN = 0.5

# Backends in use, by what decides their networks.
_OPEN: weakref.WeakValueDictionary[tuple[Path, str, Mode], Backend] = weakref.WeakValueDictionary()

_Found = tuple[Float32Array, float, PointSource]


def open_backend(config: LandmarksConfig, paths: Mapping[str, Path]) -> Backend:
    """The backend of a config (services.landmarks.backends), loaded once for all in use that need the same networks.

    Raises BadConfig as `open_mediapipe` does.
    """
    model = paths[FACE_LANDMARKER]
    key = (model, sha256_of(model), config.mode)
    backend = _OPEN.get(key)
    if backend is None:
        backend = _OPEN[key] = open_mediapipe(model, config.mode)
    return backend


def open_mediapipe(model: Path, mode: Mode) -> Backend:
    """Loads the bundle at `model`. Raises BadConfig when it cannot be read."""
    return MediapipeBackend(model, mode)


class MediapipeBackend:
    """The loaded networks of one process. Tracks may run side by side; a clip's points depend on its frames alone."""

    topology: str = MEDIAPIPE_478
    models: Mapping[str, str]

    def __init__(self, model: Path, mode: Mode) -> None:
        self.models = {FACE_LANDMARKER: sha256_of(model)}
        self._tasks = FaceTasks(model)
        self._finder = self._tasks.finder()
        self._still = self._tasks.still_mesh() if mode == "per-frame" else None
        self._idle = [] if mode == "per-frame" else [self._tasks.moving_mesh()]

    def track(self, width_px: int, height_px: int) -> FaceTrack:
        if self._still is not None:
            return PerFrameTrack(self._finder, self._still, width_px, height_px)
        try:
            mesh = self._idle.pop()
        except IndexError:
            mesh = self._tasks.moving_mesh()
        mesh.clear()
        track = FollowingTrack(self._finder, mesh, width_px, height_px)
        # Also a track that nobody finished, because its clip broke off, gives its mesh back.
        weakref.finalize(track, self._idle.append, mesh)
        return track


class _Track(abc.ABC):
    """One clip's points as they come in."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self._size_px = (width_px, height_px)
        self._points: list[Float32Array] = []
        self._scores: list[float] = []
        self._sources: list[PointSource] = []

    def push(self, chunk: FrameChunk) -> None:
        for frame_HWC in chunk.frames_THWC:
            points, score, source = self._next(frame_HWC)
            self._points.append(points)
            self._scores.append(score)
            self._sources.append(source)

    def finish(self) -> Landmarks:
        return landmarks_of(MEDIAPIPE_478, self._points, self._scores, self._sources, *self._size_px)

    @abc.abstractmethod
    def _next(self, frame_HWC: UInt8Array) -> _Found: ...


class PerFrameTrack(_Track):
    """The largest face of each frame, found anew."""

    def __init__(self, finder: Finder, mesh: StillMesh, width_px: int, height_px: int) -> None:
        super().__init__(width_px, height_px)
        self._finder = finder
        self._mesh = mesh

    def _next(self, frame_HWC: UInt8Array) -> _Found:
        faces = self._finder(frame_HWC)
        if not faces:
            return _missing()
        points = self._mesh(only_largest(frame_HWC, faces))
        return _missing() if points is None else (points, largest(faces).score, PointSource.DETECTED)


class FollowingTrack(_Track):
    """The largest face, found once and followed while its mesh holds; found anew in the very frame that loses it."""

    def __init__(self, finder: Finder, mesh: MovingMesh, width_px: int, height_px: int) -> None:
        super().__init__(width_px, height_px)
        self._finder = finder
        self._mesh = mesh
        self._following = False
        self._score = 0.0
        self._num_since_check = 0

    def _next(self, frame_HWC: UInt8Array) -> _Found:
        points = self._mesh(frame_HWC) if self._following else None
        if points is None:
            return self._acquire(frame_HWC, self._finder(frame_HWC))
        self._num_since_check += 1
        if self._num_since_check < CHECK_EVERY_FRAMES:
            return points, self._score, PointSource.TRACKED
        self._num_since_check = 0
        faces = self._finder(frame_HWC)
        if not faces:  # a face turned away is still a face to the mesh
            return points, self._score, PointSource.TRACKED
        own = face_of(points, faces)
        if own is None:
            self._mesh.clear()
            return self._acquire(frame_HWC, faces)
        self._score = own.score
        return points, own.score, PointSource.TRACKED

    def _acquire(self, frame_HWC: UInt8Array, faces: list[FoundFace]) -> _Found:
        self._num_since_check = 0
        points = self._mesh(only_largest(frame_HWC, faces)) if faces else None
        self._following = points is not None
        if points is None:
            return _missing()
        self._score = largest(faces).score
        return points, self._score, PointSource.DETECTED


def largest(faces: list[FoundFace]) -> FoundFace:
    """The face whose box is largest; of equals the better scored."""
    return max(faces, key=lambda face: face.area_px2)


def face_of(points_NC: Float32Array, faces: list[FoundFace]) -> FoundFace | None:
    """The face that a track is on, or None when the track should leave: no face is there, or another is far larger."""
    left, top = points_NC.min(axis=0)
    right, bottom = points_NC.max(axis=0)
    here = [face for face in faces if left <= face.centre_px[0] <= right and top <= face.centre_px[1] <= bottom]
    if not here or largest(faces).area_px2 > _LARGER_BY * largest(here).area_px2:
        return None
    return largest(here)


def only_largest(frame_HWC: UInt8Array, faces: list[FoundFace]) -> UInt8Array:
    """The frame with the largest face alone, all others blacked out: MediaPipe itself would choose by score.

    A frame with one face is returned as it is.
    """
    if len(faces) == 1:
        return frame_HWC
    chosen = largest(faces)
    alone_HWC = np.zeros_like(frame_HWC)
    around = _window(chosen, _MARGIN, frame_HWC)
    alone_HWC[around] = frame_HWC[around]
    for face in faces:
        if face is not chosen:
            alone_HWC[_window(face, 0.0, frame_HWC)] = 0
    itself = _window(chosen, 0.0, frame_HWC)
    alone_HWC[itself] = frame_HWC[itself]
    return alone_HWC


def _window(face: FoundFace, margin: float, frame_HWC: UInt8Array) -> tuple[slice, slice]:
    """Rows and columns of a face's box, widened on each side by `margin` of its size, within the frame."""
    height_px, width_px = frame_HWC.shape[:2]
    dx, dy = face.width_px * margin, face.height_px * margin
    return (
        slice(max(0, int(face.top_px - dy)), min(height_px, max(0, int(face.top_px + face.height_px + dy)))),
        slice(max(0, int(face.left_px - dx)), min(width_px, max(0, int(face.left_px + face.width_px + dx)))),
    )


def _missing() -> _Found:
    return missing_points(_NUM_POINTS), 0.0, PointSource.MISSING
