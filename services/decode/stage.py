"""How decode handles one clip: an open video becomes bounded chunks of RGB frames, each decoded once."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from services.base.media.clip import Media
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.stage.stream import FrameSource, FrameStream
from services.containers.config import DecodeConfig, config_of_clip
from services.containers.frame_shape import copy_rotated, num_frames_per_chunk
from services.containers.frames import PyavVideo, open_video
from services.containers.sampling import sampled


def open_stage(config: DecodeConfig) -> FrameSource:
    """The source: `with source(media) as stream` gives the frames of one clip. Nothing is loaded, nothing is kept.

    Entering raises what `open_video` raises; BadConfig for a clip's max_frames that the config forbids.
    Iterating raises BadInput (SIZE_CHANGED, TOO_LONG, TOO_MANY_PIXELS, UNSUPPORTED_PIXELS, OUT_OF_MEMORY) and Transient
    MEDIA_UNREADABLE. MemoryError: the process is short of memory.
    """

    def source(media: Media, max_frames: int | None = None) -> AbstractContextManager[FrameStream]:
        return _open_stream(media, config_of_clip(config, max_frames))

    return source


@contextmanager
def _open_stream(media: Media, config: DecodeConfig) -> Iterator[FrameStream]:
    with open_video(media, config) as video:
        yield PyavStream(video, config)


class PyavStream:
    """Frames of one open clip (services.base.stage.stream.FrameStream)."""

    def __init__(self, video: PyavVideo, config: DecodeConfig) -> None:
        self._video = video
        self._chunk_bytes = config.chunk_bytes
        frames = sampled(iter(video.read, None), config.sampling, config.target_fps)
        # Other samplings give no more frames than were decoded, which the video itself limits.
        self._is_limited = config.sampling == "steady" and config.max_frames > 0
        self._frames = itertools.islice(frames, config.max_frames) if self._is_limited else frames
        self._last: Any = None
        self._num_held = 0
        self._next_index = 0
        self._started = False

    @property
    def info(self) -> VideoInfo:
        return self._video.info

    def __iter__(self) -> Iterator[FrameChunk]:
        """Chunks in presentation order. Raises RuntimeError when asked for twice: a clip is decoded once."""
        if self._started:
            raise RuntimeError("the frames of this clip were handed out already; open it again to decode it again")
        self._started = True
        return self._chunks()

    def facts(self) -> DecodeFacts:
        """Of all frames that were decoded, but num_frames: that counts the delivered ones."""
        return dataclasses.replace(self._video.facts(), num_frames=self._next_index, num_held=self._num_held)

    def _chunks(self) -> Iterator[FrameChunk]:
        while True:
            with self._video.log.listening():
                chunk = self._next_chunk()
            if chunk is None:
                return
            yield chunk

    def _look_past_limit(self) -> None:
        """The last place may be filled before the first frame behind it has come, which tells that there is one."""
        while self._is_limited and self._video.read() is not None:
            pass

    def _next_chunk(self) -> FrameChunk | None:
        info = self._video.info
        capacity = num_frames_per_chunk(info.height_px, info.width_px, self._chunk_bytes)
        frames_THWC = np.empty((capacity, info.height_px, info.width_px, 3), np.uint8)
        pts_s: list[float] = []
        while len(pts_s) < capacity and (frame := next(self._frames, None)) is not None:
            copy_rotated(self._video.pixels(frame[0]), info.rotation_deg, frames_THWC[len(pts_s)])
            pts_s.append(frame[1])
            self._num_held += frame[0] is self._last
            self._last = frame[0]
        if not pts_s:
            self._look_past_limit()
            return None
        first_index, self._next_index = self._next_index, self._next_index + len(pts_s)
        return FrameChunk(first_index, frames_THWC[: len(pts_s)], np.array(pts_s, np.float64))
