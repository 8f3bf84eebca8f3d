"""Small clips made on the spot."""

import io
from collections.abc import Callable, Sequence
from fractions import Fraction

import av
import numpy as np
import pytest

from services.base.media.clip import Media

MakeClip = Callable[..., bytes]


def picture_HWC(index: int, width_px: int = 64, height_px: int = 48) -> np.ndarray:
    """A picture of random 8x8 blocks, another for each index."""
    blocks = np.random.default_rng(index).integers(0, 256, (height_px // 8, width_px // 8, 3), np.uint8)
    return blocks.repeat(8, axis=0).repeat(8, axis=1)


def encode_clip(
    container: str = "matroska",
    codec: str = "ffv1",
    pixel_format: str = "bgr0",
    *,
    num_frames: int = 6,
    width_px: int = 64,
    height_px: int = 48,
    rate_hz: Fraction | int = 25,
    pts: Sequence[int] | None = None,
    rotation_ccw_deg: int | None = None,
    hflip: bool = False,
    pixel_aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """The bytes of a clip of `picture_HWC(0..)`; ffv1 in bgr0 keeps them exactly."""
    file = io.BytesIO()
    with av.logging.Capture(), av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate_hz, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, pixel_format
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation_ccw_deg is not None:
            stream.set_display_rotation(rotation_ccw_deg, hflip=hflip)
        for index in range(num_frames):
            frame = av.VideoFrame.from_ndarray(picture_HWC(index, width_px, height_px), format="rgb24")
            if pts is not None:
                frame.pts = pts[index]
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return file.getvalue()


def encode_sound(container: str, codec: str, *, cover: bool) -> bytes:
    """A second of silence, with or without a cover picture."""
    file = io.BytesIO()
    with av.logging.Capture(), av.open(file, "w", format=container) as output:
        sound = output.add_stream(codec, rate=44100)
        if cover:
            picture = output.add_stream("mjpeg", rate=1)
            picture.width, picture.height, picture.pix_fmt = 64, 48, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic.value
            output.mux(picture.encode(av.VideoFrame.from_ndarray(picture_HWC(0), format="rgb24")))
            output.mux(picture.encode())
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.int16), format="s16", layout="mono")
        samples.sample_rate = 44100
        output.mux(sound.encode(samples))
        output.mux(sound.encode())
    return file.getvalue()


@pytest.fixture(scope="session")
def clip() -> MakeClip:
    return encode_clip


@pytest.fixture(scope="session")
def sound() -> Callable[..., bytes]:
    return encode_sound


@pytest.fixture(scope="session")
def picture() -> Callable[..., np.ndarray]:
    return picture_HWC


@pytest.fixture(scope="session")
def media() -> Callable[[bytes], Media]:
    return lambda data: Media.of_bytes("clip.mpg", data)
