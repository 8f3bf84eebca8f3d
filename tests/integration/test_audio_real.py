"""Sounds of real recordings: as long as they are, in time with their pictures, the same by way of a child."""

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.audio.spec import SPEC as AUDIO
from services.audio.stage import open_stage
from services.base.errors import BadInput
from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo
from services.base.media.clip import Clip, Media
from services.base.media.video import DecodeFacts, FrameChunk
from services.base.process.metrics import PROCESS
from services.base.sandbox.supervisor import ChunkPart, FactsPart, InfoPart, PassChild, clip_limits
from services.base.stage.spec import ClipJob
from services.containers.audio.config import AudioConfig
from services.containers.config import DecodeConfig
from services.decode.spec import SPEC as DECODE
from services.decode.stage import open_stage as open_decode


def heard(media: Media, **settings: Any) -> tuple[AudioInfo, np.ndarray, AudioFacts]:
    with open_stage(AudioConfig(**settings))(media) as stream:
        samples_TC = np.concatenate([chunk.samples_TC for chunk in stream])
        return stream.info, samples_TC, stream.facts()


@pytest.mark.parametrize(
    ("name", "codec", "rate_hz", "num_channels", "num_decoded"),
    [
        ("speech/aishell-BAC009S0724W0121.wav", "pcm_s16le", 16_000, 1, 68_496),
        ("speech/emo_hate.wav", "pcm_s24le", 48_000, 2, 22_759),
        ("speech/maskgct_prompt.wav", "pcm_s16le", 44_100, 2, 277_830),
        ("speech/voice_01.wav", "pcm_f32le", 48_000, 1, 117_058),
        ("talker/wda_000.mp4", "aac", 16_000, 2, 128_000),
        ("talker/talk_hb.wav", "pcm_s16le", 16_000, 1, 718_147),
        ("grid/s1_processed/bbaf2n.mpg", "mp2", 44_100, 2, 131_328),
    ],
)
def test_a_real_sound_is_as_long_as_it_is_at_every_rate(
    testdata: Path, name: str, codec: str, rate_hz: int, num_channels: int, num_decoded: int
) -> None:
    media = Media.of_file(testdata / "data" / name)
    for wanted_hz in (16_000, 24_000):
        info, samples_TC, facts = heard(media, sample_rate_hz=wanted_hz)
        assert (info.codec, info.source_rate_hz, info.source_channels) == (codec, rate_hz, num_channels)
        assert samples_TC.shape == (math.floor(num_decoded * wanted_hz / rate_hz + 0.5), 1)
        assert (facts.num_decoded, facts.num_gaps, facts.num_overlaps, facts.num_corrupt) == (num_decoded, 0, 0, 0)
        assert np.isfinite(samples_TC).all() and 0.01 < np.abs(samples_TC).max() < 1.1


def test_pictures_and_sound_of_a_clip_are_on_one_clock(testdata: Path) -> None:
    media = Media.of_file(testdata / "data/talker/wda_000.mp4")
    with open_decode(DecodeConfig(chunk_bytes=1))(media) as stream:
        times_s = [float(chunk.pts_s[0]) for chunk in stream]
    info, samples_TC, _ = heard(media)
    assert info.start_s == times_s[0] == 0.0
    assert len(samples_TC) / 16_000 == pytest.approx(times_s[-1] + 1 / 25)


def counted() -> list[float]:
    """What the stages of this process have counted by now: frames, and seconds of sound."""
    names = ("visemill_frames_total", "visemill_audio_seconds_total")
    return [PROCESS.get_sample_value(name) or 0.0 for name in names]


@pytest.fixture(scope="module")
def child() -> Iterator[PassChild]:
    pass_child = PassChild(
        [("decode", {}), ("audio", {"chunk_samples": 4000})], clip_limits(60, 1024), specs=[DECODE, AUDIO]
    )
    yield pass_child
    pass_child.close()


def test_a_child_sends_frames_and_samples_of_one_clip_each_once_and_in_order_of_time(
    testdata: Path, child: PassChild
) -> None:
    media = Media.of_file(testdata / "data/grid/s1_processed/bbaf2n.mpg")
    job = ClipJob(Clip("s1/bbaf2n", "bbaf2n", "s1", "bbaf2n.mpg"), media)
    before = counted()
    parts = list(child.run(job, want={"frames", "waveform"}))
    num_frames, sound_s = (after - earlier for after, earlier in zip(counted(), before, strict=True))
    assert (num_frames, sound_s) == (75, pytest.approx(131_328 / 44_100, abs=1e-3))
    chunks = [part.chunk for part in parts if isinstance(part, ChunkPart)]
    frames = [chunk for chunk in chunks if isinstance(chunk, FrameChunk)]
    sounds = [chunk for chunk in chunks if isinstance(chunk, AudioChunk)]
    assert sum(len(chunk) for chunk in frames) == 75
    assert np.array_equal(np.concatenate([chunk.samples_TC for chunk in sounds]), heard(media)[1])
    facts = [part.facts for part in parts if isinstance(part, FactsPart)]
    assert [type(one) for one in facts] == [DecodeFacts, AudioFacts]
    assert [type(part.info).__name__ for part in parts if isinstance(part, InfoPart)] == ["VideoInfo", "AudioInfo"]
    ends_s = [chunk.end_s if isinstance(chunk, AudioChunk) else float(chunk.pts_s[-1]) for chunk in chunks]
    assert max(before - after for before, after in pairwise(ends_s)) < 1.1, "by more than a chunk"


def test_a_clip_without_sound_is_refused_and_the_child_goes_on(testdata: Path, child: PassChild) -> None:
    silent = Media.of_file(testdata / "data/sign/pose_test_video.mp4")
    job = ClipJob(Clip("x", "x", "", "x.mp4"), silent)
    with pytest.raises(BadInput, match="NO_AUDIO_STREAM"):
        list(child.run(job))
    assert child.num_restarts == 0


def test_once_tells_what_it_heard(testdata: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from services.__main__ import main

    config = json.dumps({"audio": {"sample_rate_hz": 24_000}})
    paths = [str(testdata / "data/speech" / name) for name in ("long.wav", "voice_01.wav")]
    assert main(["audio", "once", *paths, "--config", config]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["audio_facts"]["num_samples"] for answer in answers] == [192_000, 58_529]
    assert {*answers[0]} == {"media", "outcome", "audio_info", "audio_facts", "cpu_s", "wall_s"}
