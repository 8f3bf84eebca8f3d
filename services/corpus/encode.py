"""Frames and samples to the bytes of a GRID clip: MPEG-1 video and mp2 audio in an MPEG program stream."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt

from services.base.media.arrays import UInt8Array
from services.corpus.audio import SAMPLE_RATE_HZ
from services.corpus.drawing.frames import FPS_HZ
from services.corpus.drawing.look import HEIGHT_PX, WIDTH_PX

# GRID's clips hold 114 mp2 frames of 1152 samples: 2.98 s.
NUM_SAMPLES = 114 * 1152

_VIDEO_BIT_RATE = 880_000
_AUDIO_BIT_RATE = 224_000
_SAMPLES_PER_PACKET = 1152
# What goes in comes out of an mp2 decoder so much later; the encoder dates its packets accordingly.
_AUDIO_DELAY_SAMPLES = 481
# Times begin at 0, as in GRID, and not after the half second of buffering that the muxer would put first.
_CONTAINER = {"fflags": "+bitexact", "preload": "0", "avoid_negative_ts": "disabled"}
# One thread and no SIMD whose rounding differs, or the bytes would depend on the machine.
_STEADY = {"flags": "+bitexact", "threads": "1", "idct": "simple", "dct": "int"}


def encode_clip(frames: Iterable[UInt8Array], samples: npt.NDArray[np.int16]) -> bytes:
    """The clip's bytes, a function of the frames and samples only.

    frames: uint8 RGB [288, 360, 3], 25 a second. samples: mono int16 at 44.1 kHz.
    """
    file = io.BytesIO()
    samples = np.pad(samples[_AUDIO_DELAY_SAMPLES:], (0, min(_AUDIO_DELAY_SAMPLES, len(samples))))
    with av.open(file, "w", format="mpeg", options=_CONTAINER) as container:
        video = container.add_stream("mpeg1video", rate=FPS_HZ, options=_STEADY)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.bit_rate, video.gop_size, video.max_b_frames = _VIDEO_BIT_RATE, 12, 0
        video.codec_context.time_base = Fraction(1, FPS_HZ)
        audio = container.add_stream("mp2fixed", rate=SAMPLE_RATE_HZ, layout="stereo", options={"flags": "+bitexact"})
        audio.bit_rate = _AUDIO_BIT_RATE
        heard = 0
        for index, frame_HWC in enumerate(frames):
            container.mux(_in_order(video.encode(_video_frame(frame_HWC, index))))
            while heard < len(samples) and heard * FPS_HZ <= (index + 1) * SAMPLE_RATE_HZ:
                container.mux(audio.encode(_audio_frame(samples[heard : heard + _SAMPLES_PER_PACKET], heard)))
                heard += _SAMPLES_PER_PACKET
        container.mux(_in_order(video.encode(None)))
        container.mux(audio.encode(None))
    return file.getvalue()


def _in_order(packets: list[av.Packet]) -> list[av.Packet]:
    """Without B frames a picture is decoded when it is shown; the encoder would say a frame earlier, before 0."""
    for packet in packets:
        packet.dts = packet.pts
    return packets


def _video_frame(frame_HWC: UInt8Array, index: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2YUV_I420), format="yuv420p")
    frame.pts, frame.time_base = index, Fraction(1, FPS_HZ)
    return frame


def _audio_frame(samples: npt.NDArray[np.int16], start: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.repeat(samples, 2)[None, :], format="s16", layout="stereo")
    frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start + _AUDIO_DELAY_SAMPLES
    frame.time_base = Fraction(1, SAMPLE_RATE_HZ)
    return frame
