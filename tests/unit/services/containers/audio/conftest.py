"""Small sounds made on the spot."""

import io
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

MakeSound = Callable[..., bytes]


def sine_TC(num_samples: int, rate_hz: int = 48_000, pitch_hz: float = 440.0, num_channels: int = 1) -> np.ndarray:
    """float32 [T, C] at half of full scale, the same in every channel."""
    wave = 0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(num_samples) / rate_hz)
    return np.repeat(wave[:, None], num_channels, axis=1).astype(np.float32)


def encode_samples(
    samples_TC: np.ndarray,
    rate_hz: int = 48_000,
    container: str = "wav",
    codec: str = "pcm_f32le",
    *,
    frame_samples: int = 1024,
    skip: Sequence[int] = (),
    shift_samples: Callable[[int], int] = lambda _: 0,
    num_frames_of_video: int = 0,
) -> bytes:
    """The samples as a file. skip: numbers of packets that are left out of it. shift_samples: how much later than it
    should a packet is said to be heard.
    """
    file = io.BytesIO()
    with av.logging.Capture(), av.open(file, "w", format=container) as output:
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples_TC.shape[1]]
        stream: Any = output.add_stream(codec, rate=rate_hz, layout=layout)
        video: Any = None
        if num_frames_of_video:
            video = output.add_stream("mpeg4", rate=25)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            for _ in range(num_frames_of_video):
                output.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate_hz, frame_samples)
        packets = []
        for start in range(0, len(samples_TC), frame_samples):
            part = np.ascontiguousarray(samples_TC[start : start + frame_samples].T)
            frame = av.AudioFrame.from_ndarray(part, "fltp", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
            for converted in resampler.resample(frame):
                packets += stream.encode(converted)
        for converted in resampler.resample(None):
            packets += stream.encode(converted)
        packets += stream.encode(None)
        for number, packet in enumerate(packets):
            if number in skip:
                continue
            shift = round(shift_samples(number) / rate_hz / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            output.mux(packet)
        if video is not None:
            output.mux(video.encode(None))
    return file.getvalue()


@pytest.fixture
def sound() -> MakeSound:
    return encode_samples


@pytest.fixture
def sine() -> Callable[..., np.ndarray]:
    return sine_TC
