"""I/O: the frames of one video, grey and at one rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from services.base.errors import BadInput
from services.base.media.clip import Media
from services.containers.config import DecodeConfig
from services.containers.frame_shape import copy_rotated
from services.containers.frames import PyavVideo, open_video
from services.containers.opening import packets_of
from services.containers.sampling import sampled
from services.training.data.lips.reading import Reading, Resample

_CONFIG = DecodeConfig()


class VideoLength(NamedTuple):
    """Of a video as its packets tell it. num_frames: as recorded. seconds: that they span."""

    num_frames: int
    seconds: float
    height_px: int
    width_px: int

    def at(self, fps: float, resample: Resample) -> int:
        """Frames that `frames_of` gives of it, off by a frame where its times are odd; 1 or more."""
        if resample == "time":
            return max(1, round(self.seconds * fps))
        return max(1, math.ceil(self.num_frames / _step(self.num_frames / max(self.seconds, 1e-6), fps)))


def length_of(media: Media) -> VideoLength:
    """Without decoding it. Raises BadInput, such as OPEN_FAILED and NO_FRAMES; Transient."""
    with open_video(media, _CONFIG) as video:
        info = video.info
    num_frames, seconds = packets_of(media, _CONFIG, info.stream_index)
    if num_frames == 0:
        raise BadInput("NO_FRAMES", f"{media.name} holds no frame: replace the file or leave it out")
    return VideoLength(num_frames, seconds, info.height_px, info.width_px)


def frames_of(media: Media, reading: Reading) -> npt.NDArray[np.uint8]:
    """uint8 [T, height_px, width_px], T from 1 to max_frames. Raises as `open_video` does."""
    with open_video(media, _CONFIG) as video, video.log.listening():
        kept = [
            _grey(video, frame, reading)
            for _, frame in zip(range(reading.max_frames), _chosen(video, reading), strict=False)
        ]
    return np.stack(kept)


def _chosen(video: PyavVideo, reading: Reading) -> Iterator[object]:
    frames = iter(video.read, None)
    if reading.resample == "time":
        return (frame for frame, _ in sampled(frames, "steady", reading.fps))
    step = _step(video.info.fps_hz or reading.fps, reading.fps)
    return (frame for i, (frame, _) in enumerate(frames) if i % step == 0)


def _step(source_hz: float, fps: float) -> int:
    return max(1, int(source_hz / fps))


def _grey(video: PyavVideo, frame: object, reading: Reading) -> npt.NDArray[np.uint8]:
    info = video.info
    frame_HWC = np.empty((info.height_px, info.width_px, 3), np.uint8)
    copy_rotated(video.pixels(frame), info.rotation_deg, frame_HWC)
    return of_size(np.asarray(cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2GRAY), np.uint8), reading)


def of_size(grey_HW: npt.NDArray[np.uint8], reading: Reading) -> npt.NDArray[np.uint8]:
    """uint8 [height_px, width_px]."""
    if grey_HW.shape == (reading.height_px, reading.width_px):
        return grey_HW
    size = (reading.width_px, reading.height_px)
    return np.asarray(cv2.resize(grey_HW, size, interpolation=cv2.INTER_AREA), np.uint8)
