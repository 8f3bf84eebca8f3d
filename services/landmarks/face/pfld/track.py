"""The backends pfld and pfld-110: SCRFD finds a clip's face, PFLD its points, in a box that follows them meanwhile.

A frame is DETECTED where a face is found that was not followed: at the beginning, after a cut, or after a loss that
ended with another face. All others are TRACKED, whether they were searched or not; frame by frame (`per-frame`) all are
DETECTED. A frame's points depend on the frames up to it alone, however they come in chunks.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import topology
from services.base.media.video import FrameChunk
from services.base.worker.fingerprint import sha256_of
from services.landmarks.backends import backend_named
from services.landmarks.face.backend import Backend, FaceTrack, landmarks_of, missing_points
from services.landmarks.face.pfld.boxes import FaceBox
from services.landmarks.face.pfld.detector import Scrfd
from services.landmarks.face.pfld.following import Following
from services.landmarks.face.pfld.points import Look, Pfld
from services.landmarks.face.pfld.spec import SCRFD
from services.landmarks.scenes import SceneCuts
from services.landmarks.spec import LandmarksConfig

# Backends in use, by what decides their networks and how they search.
_OPEN: weakref.WeakValueDictionary[tuple[object, ...], Backend] = weakref.WeakValueDictionary()


def open_backend(config: LandmarksConfig, paths: Mapping[str, Path]) -> Backend:
    """The backend of a config (services.landmarks.backends), loaded once for all in use that need the same networks.

    Raises BadConfig for a file that is missing, unreadable or another network.
    """
    entry = backend_named(config.backend)
    every = 1 if config.mode == "per-frame" else config.search_every_frames
    digests = {name: sha256_of(path) for name, path in paths.items()}
    key = (config.backend, every, config.mode, *sorted(digests.items()))
    backend = _OPEN.get(key)
    if backend is None:
        (remedy,) = (file.remedies for file in entry.files if file is not SCRFD)
        (model,) = (path for name, path in paths.items() if name != SCRFD.name)
        networks = (Scrfd(paths[SCRFD.name]), Pfld(model, entry.topology, remedy))
        first = PointSource.DETECTED if config.mode == "per-frame" else PointSource.TRACKED
        backend = _OPEN[key] = PfldBackend(entry.topology, digests, networks, every, first)
    return backend


class PfldBackend:
    """The loaded networks of one process (services.landmarks.face.backend.Backend). Tracks may run side by side."""

    def __init__(
        self,
        topology_name: str,
        models: Mapping[str, str],
        networks: tuple[Scrfd, Pfld],
        search_every_frames: int,
        source: PointSource,
    ) -> None:
        self.topology, self.models = topology_name, models
        self._networks, self._every, self._source = networks, search_every_frames, source

    def track(self, width_px: int, height_px: int) -> FaceTrack:
        return _Track(self.topology, self._networks, self._every, self._source, (width_px, height_px))


class _Track:
    """One clip's points (services.landmarks.face.backend.FaceTrack)."""

    def __init__(
        self,
        topology_name: str,
        networks: tuple[Scrfd, Pfld],
        search_every_frames: int,
        source: PointSource,
        size_px: tuple[int, int],
    ) -> None:
        self._topology, self._size_px = topology_name, size_px
        self._search, self._look = networks
        self._following, self._cuts = Following(search_every_frames), SceneCuts()
        self._source_of_same = source
        self._sighted: Look | None = None
        self._points: list[Float32Array] = []
        self._scores: list[float] = []
        self._sources: list[PointSource] = []

    def push(self, chunk: FrameChunk) -> None:
        for frame_HWC in chunk.frames_THWC:
            source = self._next(np.ascontiguousarray(frame_HWC))
            self._sources.append(source)
            self._scores.append(0.0 if source is PointSource.MISSING else self._following.score)

    def finish(self) -> Landmarks:
        return landmarks_of(self._topology, self._points, self._scores, self._sources, *self._size_px)

    def _next(self, frame_HWC: UInt8Array) -> PointSource:
        following = self._following
        box = following.expected(is_cut=self._cuts.next(frame_HWC))
        look = None if box is None else self._look(frame_HWC, box)
        is_like = look is not None and self._sighted is not None and look.is_like(self._sighted)
        if look is not None and is_like and following.holds(look.points_NC):
            return self._found(look, None, PointSource.TRACKED)
        chosen = following.choose(self._search(frame_HWC))
        look = None if chosen is None else self._look(frame_HWC, chosen.box)
        if chosen is None or look is None:
            self._points.append(missing_points(topology(self._topology).num_points))
            return PointSource.MISSING
        self._sighted = look
        return self._found(look, chosen.box, PointSource.DETECTED if chosen.is_new else self._source_of_same)

    def _found(self, look: Look, searched: FaceBox | None, source: PointSource) -> PointSource:
        self._following.seen(look.points_NC, searched)
        self._points.append(look.points_NC)
        return source
