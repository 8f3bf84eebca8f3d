"""Pictures that several processes encode, and sound, to one MP4 file: MPEG-4 video of constant quality, and AAC."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt

from services.base.media.arrays import UInt8Array
from services.corpus.audio import SAMPLE_RATE_HZ
from services.corpus.drawing.frames import FPS_HZ

_AUDIO_BIT_RATE = 128_000
_SAMPLES_PER_PACKET = 1024
# Of 1, the finest, to 31; FFmpeg counts it in parts of 118.
_QUANTIZER = 3
# One thread and no SIMD whose rounding differs, or the bytes would depend on the machine.
_STEADY = {
    "flags": "+bitexact+qscale+global_header",
    "global_quality": str(118 * _QUANTIZER),
    "threads": "1",
    "idct": "simple",
    "dct": "int",
}


@dataclass(frozen=True)
class EncodedFrame:
    """number: of the film's. is_key: it can be decoded by itself."""

    number: int
    data: bytes
    is_key: bool


def encode_frames(frames: Iterable[UInt8Array], first: int) -> list[EncodedFrame]:
    """A part of a film, which begins with a frame that can be decoded by itself.

    frames: uint8 RGB [H, W, 3], FPS_HZ a second. first: the film's number of the first.
    """
    encoder: av.VideoCodecContext | None = None
    packets: list[av.Packet] = []
    for number, frame_HWC in enumerate(frames, first):
        encoder = encoder or _encoder(frame_HWC.shape[0], frame_HWC.shape[1])
        frame = av.VideoFrame.from_ndarray(cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2YUV_I420), format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS_HZ)
        packets += encoder.encode(frame)
    packets += encoder.encode(None) if encoder else []
    return [EncodedFrame(first + i, bytes(packet), packet.is_keyframe) for i, packet in enumerate(packets)]


def film_of(frames: Iterable[EncodedFrame], side_px: int, samples: npt.NDArray[np.int16] | None) -> bytes:
    """The file's bytes. frames: in order, of squares of side_px. samples: mono int16 at 44.1 kHz; None: no sound."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        video = container.add_stream("mpeg4", rate=FPS_HZ, options=_STEADY)
        video.width, video.height, video.pix_fmt = side_px, side_px, "yuv420p"
        video.codec_context.time_base = Fraction(1, FPS_HZ)
        audio = None
        if samples is not None:
            audio = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono", options={"flags": "+bitexact"})
            audio.bit_rate = _AUDIO_BIT_RATE
        container.start_encoding()
        heard = 0
        for frame in frames:
            packet = av.Packet(frame.data)
            packet.stream, packet.time_base = video, Fraction(1, FPS_HZ)
            packet.pts = packet.dts = frame.number
            packet.duration, packet.is_keyframe = 1, frame.is_key
            container.mux(packet)
            if audio is not None and samples is not None:
                until = (frame.number + 1) * SAMPLE_RATE_HZ // FPS_HZ
                while heard < min(until, len(samples)):
                    container.mux(audio.encode(_audio_frame(samples[heard : heard + _SAMPLES_PER_PACKET], heard)))
                    heard += _SAMPLES_PER_PACKET
        if audio is not None:
            container.mux(audio.encode(None))
    return file.getvalue()


def _encoder(height_px: int, width_px: int) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("mpeg4", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width_px, height_px, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(FPS_HZ), Fraction(1, FPS_HZ)
    encoder.options = _STEADY
    return encoder


def _audio_frame(samples: npt.NDArray[np.int16], start: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(
        (np.asarray(samples, np.float32) / 32_768)[None, :], format="fltp", layout="mono"
    )
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
    return frame
