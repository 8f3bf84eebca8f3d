"""I/O: pictures and a sound to a file that players show: H.264 and AAC, or VP9 and Opus, in MP4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Int16Array, UInt8Array

# libx264 as the original has it (crf 20). libvpx's crf has another scale: 28 looks alike.
_VIDEO: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "h264": ("libx264", {"crf": "20", "preset": "medium"}),
    "vp9": ("libvpx-vp9", {"crf": "28", "b": "0", "cpu-used": "4", "row-mt": "1"}),
}
_AUDIO: Mapping[str, tuple[str, int]] = {"h264": ("aac", 16_000), "vp9": ("libopus", 48_000)}
_AUDIO_BIT_RATE = 64_000
_PACKET_SAMPLES = 1024


class Film:
    """A film that is being written."""

    def __init__(self, container: Any, video: Any, sound: Any, samples_T: Int16Array, rate_hz: int, fps: float) -> None:
        self._container, self._video, self._sound = container, video, sound
        self._samples_T, self._rate_hz, self._fps = samples_T, rate_hz, fps
        self._heard = self.num_frames = 0

    def add(self, frame_HWC: UInt8Array) -> None:
        """The next picture, BGR, and the sound that is heard meanwhile. Of odd sizes the last line is left out."""
        height_px, width_px = (side // 2 * 2 for side in frame_HWC.shape[:2])
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_HWC[:height_px, :width_px]), format="bgr24")
        frame.pts, frame.time_base = self.num_frames, self._video.codec_context.time_base
        self._container.mux(self._video.encode(frame))
        self.num_frames += 1
        self._hear(round(self.num_frames * self._rate_hz / self._fps))

    def _hear(self, until: int) -> None:
        while self._heard < min(until, len(self._samples_T)):
            some_T = self._samples_T[self._heard : self._heard + _PACKET_SAMPLES]
            frame = av.AudioFrame.from_ndarray(some_T[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts = self._rate_hz, self._heard
            frame.time_base = Fraction(1, self._rate_hz)
            self._container.mux(self._sound.encode(frame))
            self._heard += len(some_T)

    def _finish(self) -> None:
        self._hear(len(self._samples_T))
        self._container.mux(self._video.encode(None))
        self._container.mux(self._sound.encode(None))


@contextmanager
def open_film(
    path: Path,
    size_px: tuple[int, int],
    fps: float,
    samples_T: Int16Array,
    rate_hz: int,
    codec: str = "h264",
    metadata: Mapping[str, str] | None = None,
) -> Iterator[Film]:
    """A film that `add` takes pictures for; whole where the block ends. size_px: height and width of the pictures.
    samples_T: int16, all of its sound, at rate_hz. metadata: of the container, written before the first packet.

    Raises BadConfig NO_CODEC, NOT_SAVED.
    """
    if codec not in _VIDEO:
        raise BadConfig("NO_CODEC", f"codec {codec!r} must be one of {', '.join(_VIDEO)}")
    (name, settings), (sound_name, sound_rate_hz) = _VIDEO[codec], _AUDIO[codec]
    rate = Fraction(fps).limit_denominator(1001)
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+use_metadata_tags+faststart"}) as container:
            container.metadata.update(metadata or {})
            try:
                video = container.add_stream(name, rate=rate, options=dict(settings))
            except av.error.FFmpegError as error:
                raise BadConfig("NO_CODEC", f"PyAV has no {name} here: choose another codec", str(error)) from error
            video.height, video.width = (side // 2 * 2 for side in size_px)
            video.pix_fmt = "yuv420p"
            video.codec_context.time_base = 1 / rate
            sound = container.add_stream(sound_name, rate=sound_rate_hz, layout="mono")
            sound.bit_rate = _AUDIO_BIT_RATE
            film = Film(container, video, sound, samples_T, rate_hz, fps)
            yield film
            film._finish()
    except (OSError, av.error.FFmpegError) as error:
        raise BadConfig(
            "NOT_SAVED", f"{path} cannot be written ({error.strerror or error}): free space, or name another place"
        ) from error
