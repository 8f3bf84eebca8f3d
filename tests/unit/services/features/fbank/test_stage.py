"""A clip's sound in pieces becomes the filterbank and the facts of the whole, whatever the pieces."""

from typing import Any

import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo
from services.base.media.clip import Clip, Media
from services.base.stage.spec import ClipJob
from services.features.fbank.spec import FbankConfig
from services.features.fbank.stage import FbankStage, open_stage
from services.features.speech.filterbank import Filterbank

JOB = ClipJob(Clip("a/one", "one", "a", "one.wav"), Media.of_bytes("one.wav", b""))


@pytest.fixture(scope="module")
def stage() -> FbankStage:
    return open_stage(FbankConfig())


def _made(
    stage: FbankStage, samples_TC: np.ndarray, rate_hz: int, piece: int = 10_000, facts: AudioFacts | None = None
) -> dict[str, Any]:
    channels = samples_TC.shape[1]
    consumer = stage(JOB, AudioInfo(rate_hz, channels, "pcm_s16le", "s16", rate_hz, channels))
    for first in range(0, len(samples_TC), piece):
        consumer.push(AudioChunk(first, samples_TC[first : first + piece], rate_hz, 0.0))
    return consumer.finish({"audio_facts": facts})


def _noise(num_samples: int, channels: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(8).standard_normal((num_samples, channels))).astype(np.float32)


def test_frames_have_the_length_of_the_sound_at_any_rate(stage: FbankStage) -> None:
    assert _made(stage, _noise(24_000), 24_000)["filterbank"].frames_TC.shape == (49, 160)
    assert _made(stage, _noise(16_000), 16_000)["filterbank"].frames_TC.shape == (49, 160)


def test_sound_at_16_khz_is_taken_as_it_is(stage: FbankStage) -> None:
    samples_TC = _noise(16_000)
    made = _made(stage, samples_TC, 16_000)["filterbank"]
    np.testing.assert_array_equal(made.frames_TC, Filterbank()(samples_TC[:, 0]))


@pytest.mark.parametrize("piece", [37, 4_096])
def test_pieces_decide_nothing(stage: FbankStage, piece: int) -> None:
    whole, pieces = (_made(stage, _noise(24_000), 24_000, size) for size in (24_000, piece))
    np.testing.assert_array_equal(whole["filterbank"].frames_TC, pieces["filterbank"].frames_TC)
    assert whole["sound"] == pieces["sound"]


def test_channels_are_averaged(stage: FbankStage) -> None:
    stereo_TC = _noise(16_000, channels=2)
    mono_TC = stereo_TC.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    both = [_made(stage, samples_TC, 16_000)["filterbank"].frames_TC for samples_TC in (stereo_TC, mono_TC)]
    np.testing.assert_array_equal(*both)


@pytest.mark.parametrize("piece", [100, 16_000])
def test_windows_of_10_ms_below_60_db_are_silent(stage: FbankStage, piece: int) -> None:
    samples_TC = np.full((16_000, 1), 0.1, np.float32)
    samples_TC[4_000:8_000] = 0.0
    samples_TC[8_000:9_600] = 0.0009
    samples_TC[9_600:11_200] = 0.0011
    assert _made(stage, samples_TC, 16_000, piece)["sound"].silent_share == pytest.approx(0.35)


def test_the_decoders_facts_are_passed_on(stage: FbankStage) -> None:
    facts = AudioFacts(16_000, 1.0, num_decoded=16_000, num_clipped=64, peak=1.2, num_gaps=2, warnings=("odd",))
    sound = _made(stage, _noise(16_000, channels=2), 16_000, facts=facts)["sound"]
    assert (sound.duration_s, sound.peak, sound.num_gaps, sound.warnings) == (1.0, 1.2, 2, ("odd",))
    assert sound.clipped_share == 64 / 32_000
    assert (sound.source_rate_hz, sound.source_channels, sound.codec) == (16_000, 2, "pcm_s16le")


def test_sound_that_is_too_short_or_no_number_is_the_clips_fault(stage: FbankStage) -> None:
    with pytest.raises(BadInput, match="a/one") as short:
        _made(stage, _noise(1_000), 16_000)
    assert short.value.reason == "TOO_SHORT"
    wrong_TC = _noise(16_000)
    wrong_TC[5] = np.nan
    with pytest.raises(BadInput, match="a/one") as wrong:
        _made(stage, wrong_TC, 16_000)
    assert wrong.value.reason == "NOT_FINITE"


def test_a_clip_without_sound_is_set_aside(stage: FbankStage) -> None:
    with pytest.raises(BadInput, match="a/one") as refused:
        stage(JOB, None)
    assert refused.value.reason == "NO_AUDIO"


def test_samples_that_were_no_numbers_and_became_silence_are_the_clips_fault_too(stage: FbankStage) -> None:
    facts = AudioFacts(16_000, 1.0, num_decoded=16_000, num_not_finite=3)
    with pytest.raises(BadInput, match=r"NOT_FINITE: a/one .*\(3 of them NaN or infinite\)"):
        _made(stage, _noise(16_000), 16_000, facts=facts)
