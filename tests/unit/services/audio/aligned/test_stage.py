"""The sound begins with the first picture and ends with the last, whatever the container says of either."""

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from services.audio.aligned.spec import SPEC, SoundConfig
from services.audio.aligned.stage import open_stage
from services.audio.spec import SPEC as AUDIO
from services.audio.stage import open_stage as open_audio
from services.base.errors import BadConfig, BadInput
from services.base.media.audio import AlignedSound, AudioChunk, AudioInfo
from services.base.media.clip import Clip, Media
from services.base.media.video import FrameChunk
from services.base.stage.clip_pass import ArtifactPart, BoundStage, ClipPass, Part, Pause
from services.base.stage.spec import ClipJob
from services.containers.audio.config import AudioConfig
from services.containers.config import DecodeConfig
from services.decode.spec import SPEC as DECODE
from services.decode.stage import open_stage as open_decode

RATE_HZ = 48_000
CLICK_S = 0.7


def _job(data: bytes = b"", name: str = "one.mp4") -> ClipJob:
    return ClipJob(Clip("a/one", "one", "a", name), Media.of_bytes(name, data))


def _frames(first: int, num: int, start_s: float = 0.0, fps: float = 25.0) -> FrameChunk:
    times_s = start_s + (first + np.arange(num)) / fps
    return FrameChunk(first, np.zeros((num, 2, 2, 3), np.uint8), times_s)


def _aligned(
    samples_T: np.ndarray, *, start_s: float = 0.0, num_frames: int = 50, fps: float = 25.0, frame_s: float = 0.0
) -> AlignedSound:
    consumer = open_stage(SoundConfig(fps))(_job(), None)
    for first in range(0, len(samples_T), 5_000):
        consumer.push(AudioChunk(first, samples_T[first : first + 5_000, None], 16_000, start_s))
    for first in range(0, num_frames, 7):
        consumer.push(_frames(first, min(7, num_frames - first), frame_s, fps))
    return consumer.finish({"audio_info": AudioInfo(16_000, 1, "aac", "fltp", 48_000, 2)})


def _noise(num_samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(3).standard_normal(num_samples)).astype(np.float32)


def test_a_sound_that_ends_2_s_early_is_padded_and_it_is_recorded() -> None:
    sound = _aligned(_noise(48_000), num_frames=125)
    assert (len(sound.samples_T), sound.num_padded_end, sound.num_cut_end) == (80_000, 32_000, 0)
    assert not sound.samples_T[48_000:].any() and sound.samples_T[:48_000].any()
    assert sound.silent_share == pytest.approx(0.4)


def test_a_sound_that_begins_half_a_second_late_is_padded_before_it() -> None:
    noise_T = _noise(32_000)
    sound = _aligned(noise_T, start_s=1.9, frame_s=1.4)
    assert (sound.num_padded_start, sound.num_cut_start, sound.num_cut_end) == (8_000, 0, 8_000)
    np.testing.assert_array_equal(sound.samples_T[8_000:], np.rint(noise_T[:24_000] * 32_768))


def test_what_is_heard_before_the_first_picture_and_after_the_last_is_cut() -> None:
    noise_T = _noise(48_000)
    sound = _aligned(noise_T, start_s=-0.25)
    assert (sound.num_cut_start, sound.num_cut_end, sound.start_s) == (4_000, 12_000, 0.0)
    np.testing.assert_array_equal(sound.samples_T, np.rint(noise_T[4_000:36_000] * 32_768))


@pytest.mark.parametrize(("fps", "num_samples"), [(25.0, 5_120), (29.97, 4_271), (20.0, 6_400), (59.94, 2_135)])
def test_it_lasts_as_long_as_the_frames_at_any_rate(fps: float, num_samples: int) -> None:
    assert len(_aligned(_noise(9_000), num_frames=8, fps=fps).samples_T) == num_samples


def test_silence_alone_is_told() -> None:
    assert _aligned(np.zeros(32_000, np.float32)).is_silent
    sound = _aligned(np.full(32_000, 0.5, np.float32))
    assert (sound.is_silent, sound.peak, sound.codec, sound.source_rate_hz) == (False, 0.5, "aac", 48_000)


def test_samples_at_another_rate_or_of_two_channels_are_a_mistake_in_the_run() -> None:
    for samples_TC, rate_hz in ((np.zeros((9, 1), np.float32), 24_000), (np.zeros((9, 2), np.float32), 16_000)):
        with pytest.raises(BadConfig, match="set sample_rate_hz 16000 and channels 1"):
            open_stage(SoundConfig())(_job(), None).push(AudioChunk(0, samples_TC, rate_hz))


def test_a_clip_without_frames_is_refused() -> None:
    with pytest.raises(BadInput, match="not one frame came"):
        open_stage(SoundConfig())(_job(), None).finish({})


# With real containers.


def _clip(
    container: str, codec: str = "aac", *, late_s: float = 0.0, start_s: float = 0.0, video_s: float = 2.0
) -> bytes:
    """A click in 1.5 s of silence. late_s: how much later than the pictures the sound begins; start_s: of both."""
    samples_T = np.zeros(round(1.5 * RATE_HZ), np.float32)
    time_s = np.arange(-240, 240) / RATE_HZ
    at = round((CLICK_S - late_s) * RATE_HZ)
    samples_T[at - 240 : at + 240] = 0.8 * np.cos(2 * np.pi * 3000 * time_s) * np.exp(-((time_s / 0.0006) ** 2))
    file = io.BytesIO()
    with av.logging.Capture(), av.open(file, "w", format=container) as output:
        video: Any = output.add_stream("libx264", rate=25, options={"bf": "2"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound: Any = output.add_stream(codec, rate=RATE_HZ, layout="mono") if codec else None
        packets = []
        for number in range(round(video_s * 25)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 4 * number % 256, np.uint8), "rgb24")
            frame.pts, frame.time_base = number + round(start_s * 25), Fraction(1, 25)
            packets += video.encode(frame)
        packets += video.encode(None)
        for first in range(0, len(samples_T) if codec else 0, 1024):
            part = av.AudioFrame.from_ndarray(samples_T[None, first : first + 1024], "fltp", "mono")
            part.sample_rate, part.time_base = RATE_HZ, Fraction(1, RATE_HZ)
            part.pts = first + round((start_s + late_s) * RATE_HZ)
            packets += sound.encode(part)
        packets += sound.encode(None) if codec else []
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            output.mux(packet)
    return file.getvalue()


def _parts(data: bytes, name: str) -> Iterator[Part | Pause]:
    stages = [
        BoundStage(DECODE, open_decode(DecodeConfig())),
        BoundStage(AUDIO, open_audio(AudioConfig())),
        BoundStage(SPEC, open_stage(SoundConfig())),
    ]
    return (part for part in ClipPass(stages).run(_job(data, name), {}) if not isinstance(part, Pause))


def _sound_of(data: bytes, name: str) -> AlignedSound:
    return next(part.value for part in _parts(data, name) if isinstance(part, ArtifactPart))


@pytest.mark.parametrize(
    ("container", "codec", "late_s", "start_s"),
    [
        ("mp4", "aac", 0.0, 0.0),
        ("mp4", "aac", 0.5, 0.0),
        ("mov", "aac", 0.25, 0.0),
        ("mov", "aac", -0.2, 0.4),
        # The first 0.2 s lie before the edit.
        ("mov", "aac", -0.2, 0.0),
        ("matroska", "aac", 0.0, 0.0),
        ("matroska", "aac", 0.3, 0.0),
        ("matroska", "libopus", 0.0, 0.0),
        ("mpegts", "aac", 0.0, 10.0),
        ("mpegts", "aac", 0.5, 10.0),
        ("mov", "pcm_s16le", 0.0, 0.0),
    ],
)
def test_a_click_is_heard_when_the_container_says_so(container: str, codec: str, late_s: float, start_s: float) -> None:
    sound = _sound_of(_clip(container, codec, late_s=late_s, start_s=start_s), f"one.{container}")
    at_s = int(np.abs(sound.samples_T.astype(np.int32)).argmax()) / 16_000
    assert at_s == pytest.approx(CLICK_S, abs=0.001)
    assert (sound.num_frames, len(sound.samples_T)) == (50, 32_000)
    assert (sound.num_padded_start > 0) == (late_s > 0)


def test_without_sound_the_clip_is_refused_before_a_picture_is_seen() -> None:
    parts = _parts(_clip("mp4", ""), "one.mp4")
    with pytest.raises(BadInput) as refused:
        next(parts)
    assert refused.value.reason == "NO_AUDIO"
