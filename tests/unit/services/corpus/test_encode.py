"""The container, codecs, sizes and times are those of GRID's clips."""

import io

import av
import numpy as np
import pytest

from services.base.media.arrays import UInt8Array
from services.corpus.encode import NUM_SAMPLES, encode_clip


@pytest.fixture(scope="module")
def frames() -> list[UInt8Array]:
    noise = np.random.RandomState(0)
    ramp = np.linspace(40, 200, 360, dtype=np.float32)[None, :, None]
    return [np.clip(ramp + index + noise.randint(-4, 5, (288, 360, 3)), 0, 255).astype(np.uint8) for index in range(75)]


@pytest.fixture(scope="module")
def clip(frames: list[UInt8Array]) -> bytes:
    return encode_clip(frames, tone())


def tone() -> np.ndarray:
    return (1000 * np.sin(np.arange(NUM_SAMPLES) / 20)).astype(np.int16)


def test_video_is_grids(clip: bytes) -> None:
    with av.open(io.BytesIO(clip)) as container:
        assert container.format.name == "mpeg"
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("mpeg1video", 360, 288)
        shown = list(container.decode(video=0))
    assert [frame.pts for frame in shown] == list(range(0, 75 * 3600, 3600))
    assert {(frame.format.name, frame.time_base.denominator) for frame in shown} == {("yuv420p", 90_000)}


def test_pictures_are_intra_coded_every_half_second(clip: bytes) -> None:
    with av.open(io.BytesIO(clip)) as container:
        intra = [index for index, frame in enumerate(container.decode(video=0)) if frame.key_frame]
    assert intra == list(range(0, 75, 12))


def test_audio_is_grids(clip: bytes) -> None:
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.layout.name) == ("mp2", 44_100, "stereo")
        heard = list(container.decode(audio=0))
    assert heard[0].pts == 0
    assert sum(frame.samples for frame in heard) == NUM_SAMPLES == 131_328


def test_pictures_survive(clip: bytes, frames: list[UInt8Array]) -> None:
    with av.open(io.BytesIO(clip)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % 12 == 5:
                error = frame.to_ndarray(format="rgb24").astype(float) - frames[index]
                assert np.abs(error).mean() < 8


def test_samples_survive_in_place(clip: bytes) -> None:
    with av.open(io.BytesIO(clip)) as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]).astype(float)
    assert np.corrcoef(heard[2000:-2000], tone()[2000:-2000])[0, 1] > 0.99


def test_the_same_input_gives_the_same_bytes(clip: bytes, frames: list[UInt8Array]) -> None:
    assert encode_clip(frames, tone()) == clip
