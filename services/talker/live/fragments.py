"""A film that is written while its pictures are made: MP4 in fragments of a tenth of a second, which play as they come.

The first bytes hold all that a player needs to begin; no byte is ever written again, and what is held is a fragment.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import av
import numpy as np

from services.base.media.arrays import Int16Array, UInt8Array

_MP4 = {
    "movflags": "+frag_keyframe+delay_moov+default_base_moof+use_metadata_tags",
    "frag_duration": "100000",
    "fflags": "+bitexact",
}
# No pictures ahead are waited for, and one thread, so that the bytes are a function of the pictures.
_LIVE = {"crf": "20", "preset": "veryfast", "tune": "zerolatency", "threads": "1", "flags": "+bitexact"}


class FragmentedFilm:
    """H.264 (libx264, crf 20) and AAC. size_px: height and width of the pictures, of which odd ones lose a line.
    rate_hz: of the sound, one channel. metadata: of the file, written before any picture.
    """

    def __init__(
        self, size_px: tuple[int, int], fps: float, rate_hz: int, metadata: Mapping[str, str] | None = None
    ) -> None:
        rate = Fraction(fps).limit_denominator(1001)
        self._written = _Written()
        self._container = av.open(self._written, "w", format="mp4", options=_MP4)
        self._container.metadata.update(metadata or {})
        self._video = self._container.add_stream("libx264", rate=rate, options=_LIVE)
        self._height_px, self._width_px = (side_px // 2 * 2 for side_px in size_px)
        self._video.width, self._video.height, self._video.pix_fmt = self._width_px, self._height_px, "yuv420p"
        self._video.gop_size = max(1, round(fps))
        self._picture_s = self._video.codec_context.time_base = 1 / rate
        self._audio = self._container.add_stream("aac", rate=rate_hz, layout="mono", options={"flags": "+bitexact"})
        self._rate_hz = rate_hz
        self._num_pictures = self._num_samples = 0

    def add_sound(self, samples_T: Int16Array) -> None:
        """The next samples, which may come ahead of their pictures."""
        if len(samples_T):
            frame = av.AudioFrame.from_ndarray(samples_T[None], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = (
                self._rate_hz,
                self._num_samples,
                Fraction(1, self._rate_hz),
            )
            self._num_samples += len(samples_T)
            self._container.mux(self._audio.encode(frame))

    def add_picture(self, picture_HWC: UInt8Array) -> None:
        """The next picture, uint8 BGR [H, W, 3]."""
        even_HWC = np.ascontiguousarray(picture_HWC[: self._height_px, : self._width_px])
        frame = av.VideoFrame.from_ndarray(even_HWC, format="bgr24")
        frame.pts, frame.time_base = self._num_pictures, self._picture_s
        self._num_pictures += 1
        self._container.mux(self._video.encode(frame))

    def taken(self) -> bytes:
        """What was written since the last call; empty while no fragment is full."""
        return self._written.taken()

    def ended(self) -> bytes:
        """The rest."""
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))
        self.close()
        return self.taken()

    def close(self) -> None:
        """Lets go of the encoders."""
        self._container.close()


class _Written:
    """A file that can only be written to its end."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._held.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        data = b"".join(self._held)
        self._held.clear()
        return data
