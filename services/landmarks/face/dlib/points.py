"""The 68-point backend: dlib's frontal face detector and a 68-point shape predictor that the user brings.

`per-frame` is what the original does on each frame; `tracked` finds the same rectangles at a fraction of the cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from weakref import WeakValueDictionary

import dlib
import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import IBUG_68, topology
from services.base.media.video import FrameChunk
from services.base.worker.fingerprint import sha256_of
from services.landmarks.face.backend import Backend, FaceTrack, landmarks_of, missing_points
from services.landmarks.face.dlib.detector import Detectors
from services.landmarks.face.dlib.pages import heap_onto_large_pages
from services.landmarks.face.dlib.pyramid import Pyramid, Rect
from services.landmarks.face.dlib.search import Face, FaceSearch
from services.landmarks.face.dlib.spec import REMEDIES
from services.landmarks.face.dlib.tracking import NUM_FRAMES_A_KEY, KeyframeTracker, Sighting
from services.landmarks.models import DLIB_PREDICTOR
from services.landmarks.spec import LandmarksConfig

Mode = Literal["tracked", "per-frame"]

_NUM_POINTS = topology(IBUG_68).num_points
_MAX_WAITING = 25
_MAX_WAITING_BYTES = 64 << 20
_MAX_JITTERS = 64
_JITTER_OF_WIDTH = 0.02
# Steps of an additive recurrence that fills the unit cube evenly: powers of the root of x^4 = x + 1.
_JITTER_STEPS = np.array([0.8191725133961645, 0.6710436067037893, 0.5497004779019703])


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A predictor in memory, which every backend that needs the same one shares."""

    predictor: dlib.shape_predictor


_LOADED: WeakValueDictionary[tuple[Path, str], _Loaded] = WeakValueDictionary()


class Predictor:
    """Points inside a rectangle. num_jitters: rectangles about it that are averaged; 1 is the rectangle alone."""

    def __init__(self, loaded: _Loaded, num_jitters: int) -> None:
        self._loaded = loaded
        self._num_jitters = num_jitters

    def __call__(self, frame_HWC: UInt8Array, rect: Rect) -> Float32Array:
        """float32 [68, 2], (x, y) in pixels; whole numbers without jitter. frame_HWC: contiguous uint8 RGB."""
        if self._num_jitters == 1:
            return self._points(frame_HWC, rect)
        shapes = [self._points(frame_HWC, jittered) for jittered in jittered_rects(rect, self._num_jitters)]
        mean: Float32Array = np.stack(shapes).mean(axis=0, dtype=np.float64).astype(np.float32)
        return mean

    def _points(self, frame_HWC: UInt8Array, rect: Rect) -> Float32Array:
        shape = self._loaded.predictor(frame_HWC, dlib.rectangle(rect.left, rect.top, rect.right, rect.bottom))
        return np.array([(p.x, p.y) for p in shape.parts()], np.float32)


def jittered_rects(rect: Rect, num_rects: int) -> list[Rect]:
    """The rectangle and num_rects - 1 others, moved and resized by up to 2 % of its width: always the same ones."""
    rects = [rect]
    for i in range(1, num_rects):
        x, y, grow = np.rint((2 * ((i * _JITTER_STEPS) % 1.0) - 1) * _JITTER_OF_WIDTH * rect.width).astype(int).tolist()
        rects.append(Rect(rect.left + x - grow, rect.top + y - grow, rect.right + x + grow, rect.bottom + y + grow))
    return rects


class _Finder(Protocol):
    """Frames in order to sightings, which come when they are certain."""

    def take(self, frame_HWC: UInt8Array) -> list[tuple[UInt8Array, Sighting]]: ...

    def rest(self) -> list[tuple[UInt8Array, Sighting]]: ...


class _PerFrame:
    def __init__(self, detectors: Detectors) -> None:
        self._detect = detectors.full

    def take(self, frame_HWC: UInt8Array) -> list[tuple[UInt8Array, Sighting]]:
        hit = max(self._detect(frame_HWC, num_upsamplings=1), key=lambda h: h.rect.area, default=None)
        if hit is None:
            return [(frame_HWC, Sighting(None, PointSource.MISSING))]
        return [(frame_HWC, Sighting(Face(hit.rect, hit.score, hit.view, 0), PointSource.DETECTED))]

    def rest(self) -> list[tuple[UInt8Array, Sighting]]:
        return []


class _Tracked:
    """Holds back the frames since the last keyframe."""

    def __init__(self, search: FaceSearch) -> None:
        self._tracker = KeyframeTracker(search)
        self._held: list[UInt8Array] = []
        self._num_taken = 0

    def take(self, frame_HWC: UInt8Array) -> list[tuple[UInt8Array, Sighting]]:
        self._held.append(frame_HWC)
        self._num_taken += 1
        return self.rest() if (self._num_taken - 1) % NUM_FRAMES_A_KEY == 0 else []

    def rest(self) -> list[tuple[UInt8Array, Sighting]]:
        frames, self._held = self._held, []
        return list(zip(frames, self._tracker.segment(frames), strict=True)) if frames else []


class _Track:
    """Faces first, points later: the predictor runs through many frames while what it reads is still cached."""

    def __init__(self, finder: _Finder, predict: Predictor, width_px: int, height_px: int) -> None:
        self._finder = finder
        self._predict = predict
        self._size = (width_px, height_px)
        self._num_waiting = max(1, min(_MAX_WAITING, _MAX_WAITING_BYTES // max(3 * width_px * height_px, 1)))
        self._waiting: list[tuple[UInt8Array, Sighting]] = []
        self._points: list[Float32Array] = []
        self._scores: list[float] = []
        self._sources: list[PointSource] = []

    def push(self, chunk: FrameChunk) -> None:
        """Raises ValueError for frames of another size than the track was made for."""
        height_px, width_px = chunk.frames_THWC.shape[1:3]
        if (width_px, height_px) != self._size:
            raise ValueError(f"frames are {width_px}x{height_px} px, but the track was made for {self._size}")
        for frame in chunk.frames_THWC:
            self._waiting += self._finder.take(np.ascontiguousarray(frame))
            if len(self._waiting) >= self._num_waiting:
                self._record()

    def finish(self) -> Landmarks:
        self._waiting += self._finder.rest()
        self._record()
        return landmarks_of(IBUG_68, self._points, self._scores, self._sources, *self._size)

    def _record(self) -> None:
        for frame_HWC, sighting in self._waiting:
            face = sighting.face
            self._points.append(missing_points(_NUM_POINTS) if face is None else self._predict(frame_HWC, face.rect))
            self._scores.append(0.0 if face is None else face.score)
            self._sources.append(sighting.source)
        self._waiting.clear()


class _Dlib68:
    topology = IBUG_68

    def __init__(self, predict: Predictor, models: Mapping[str, str], mode: Mode) -> None:
        self.models = models
        self._predict = predict
        self._mode = mode
        self._detectors = Detectors()

    def track(self, width_px: int, height_px: int) -> FaceTrack:
        finder: _Finder
        if self._mode == "per-frame":
            finder = _PerFrame(self._detectors)
        else:
            finder = _Tracked(FaceSearch(self._detectors, Pyramid(width_px, height_px)))
        return _Track(finder, self._predict, width_px, height_px)


def open_backend(config: LandmarksConfig, paths: Mapping[str, Path]) -> Backend:
    """The backend of a config (services.landmarks.backends). Raises BadConfig as `open_dlib68` does."""
    return open_dlib68(paths[DLIB_PREDICTOR], config.mode, config.num_jitters)


def open_dlib68(predictor: Path, mode: Mode, num_jitters: int = 1) -> Backend:
    """The backend with a predictor loaded. num_jitters: 1 to 64, the rectangles averaged for each frame.

    Raises BadConfig for a file that is missing, unreadable or not a 68-point predictor, for an unknown mode, and for a
    number of jitters out of range.
    """
    if mode not in ("tracked", "per-frame"):
        raise BadConfig("BAD_SETTING", f"mode {mode!r} is not one of tracked, per-frame")
    if not 1 <= num_jitters <= _MAX_JITTERS:
        raise BadConfig("BAD_SETTING", f"num_jitters is {num_jitters}, it must be 1 (none) to {_MAX_JITTERS}")
    if not predictor.is_file():
        raise BadConfig("DLIB_PREDICTOR_MISSING", f"{str(predictor)!r} is no file: {REMEDIES}")
    digest = sha256_of(predictor)
    loaded = _LOADED.get((predictor, digest))
    if loaded is None:
        loaded = _LOADED[predictor, digest] = _Loaded(_load(predictor))
    heap_onto_large_pages()
    return _Dlib68(Predictor(loaded, num_jitters), {DLIB_PREDICTOR: digest}, mode)


def _load(path: Path) -> dlib.shape_predictor:
    try:
        predictor = dlib.shape_predictor(str(path))
    except RuntimeError as error:
        raise BadConfig("BAD_PREDICTOR", f"{path} is not a dlib shape predictor: {REMEDIES}", str(error)) from error
    num_points = predictor(np.zeros((64, 64, 3), np.uint8), dlib.rectangle(8, 8, 55, 55)).num_parts
    if num_points != _NUM_POINTS:
        raise BadConfig("BAD_PREDICTOR", f"{path} predicts {num_points} points, not {_NUM_POINTS}: {REMEDIES}")
    return predictor
