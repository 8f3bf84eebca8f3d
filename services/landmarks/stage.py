"""How the landmarks stage handles one clip: frames in, the points of its largest face out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.base.errors import BadInput
from services.base.media.points import Landmarks
from services.base.media.video import FrameChunk, VideoInfo
from services.base.stage.spec import ClipConsumer, ClipJob, Consumer
from services.base.stage.stream import ONLY_FRAMES
from services.geometry.tracks import interpolate_short_losses
from services.landmarks import models
from services.landmarks.backends import backend_named
from services.landmarks.face.backend import Backend, FaceTrack
from services.landmarks.frame_size import check_frame_size
from services.landmarks.spec import LandmarksConfig


def open_stage(config: LandmarksConfig) -> Consumer:
    """Loads the backend once. Raises BadConfig when its model file is missing, changed or unreadable."""
    backend = open_backend(config)

    def consumer(job: ClipJob, info: VideoInfo | None) -> ClipConsumer:
        return LandmarksOfClip(backend, job.clip.key, info, config.max_gap_frames)

    return consumer


def open_backend(config: LandmarksConfig) -> Backend:
    """The detector that a config asks for. Its models are loaded once for all configs in use that need the same ones.

    Raises BadConfig as `open_stage` does.
    """
    opened: Backend = backend_named(config.backend).opens(config, models.paths_of(config))
    return opened


class LandmarksOfClip:
    """One clip. name: for messages. Without info the first frames tell the size. max_gap_frames: as in the config."""

    wants = ONLY_FRAMES

    def __init__(self, backend: Backend, name: str, info: VideoInfo | None = None, max_gap_frames: int = 0) -> None:
        self._backend = backend
        self._max_gap_frames = max_gap_frames
        self._name = name
        self._track: FaceTrack | None = None
        self._size_px = (0, 0)
        if info is not None:
            self._start(info.width_px, info.height_px)

    def push(self, chunk: FrameChunk) -> None:
        """Raises BadInput when the frames change size."""
        height_px, width_px = chunk.frames_THWC.shape[1:3]
        track = self._track or self._start(width_px, height_px)
        check_frame_size(self._name, chunk, self._size_px)
        track.push(chunk)

    def finish(self, given: Mapping[str, Any]) -> Landmarks:
        """The clip's landmarks, short losses interpolated. Raises BadInput without a frame and a size."""
        del given
        if self._track is None:
            raise BadInput("NO_FRAMES", f"{self._name}: not one frame came; check that it is a video")
        track, self._track = self._track, None
        return interpolate_short_losses(track.finish(), self._max_gap_frames)

    def _start(self, width_px: int, height_px: int) -> FaceTrack:
        self._size_px = (width_px, height_px)
        self._track = self._backend.track(width_px, height_px)
        return self._track
