"""A clip's sound in pieces becomes the features of the whole, whatever the pieces."""

from typing import Any

import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.audio import AudioChunk, AudioInfo
from services.base.media.clip import Clip, Media
from services.base.media.features import SpeechFeatures
from services.base.stage.spec import ClipJob
from services.features.tts.stage import SpeechStage, open_stage


@pytest.fixture(scope="module")
def stage(tiny_model: Any) -> SpeechStage:
    return open_stage(tiny_model.config())


def _info(rate_hz: int, channels: int = 1) -> AudioInfo:
    return AudioInfo(rate_hz, channels, "pcm_s16le", "s16", rate_hz, channels)


def _features(stage: SpeechStage, samples_TC: np.ndarray, rate_hz: int, piece: int = 10_000) -> SpeechFeatures:
    job = ClipJob(Clip("a/one", "one", "a", "one.wav"), Media.of_bytes("one.wav", b""))
    consumer = stage(job, _info(rate_hz, samples_TC.shape[1]))
    for first in range(0, len(samples_TC), piece):
        consumer.push(AudioChunk(first, samples_TC[first : first + piece], rate_hz, 0.0))
    return consumer.finish({})


def _noise(num_samples: int, channels: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(8).standard_normal((num_samples, channels))).astype(np.float32)


def test_codes_have_the_length_of_the_sound(stage: SpeechStage) -> None:
    assert len(_features(stage, _noise(24_000), 24_000).codes_L) == 49
    assert len(_features(stage, _noise(16_000), 16_000).codes_L) == 49


@pytest.mark.parametrize("piece", [37, 4_096])
def test_pieces_decide_nothing(stage: SpeechStage, piece: int) -> None:
    whole, pieces = (_features(stage, _noise(24_000), 24_000, size) for size in (24_000, piece))
    np.testing.assert_array_equal(whole.codes_L, pieces.codes_L)
    np.testing.assert_array_equal(whole.condition_KD, pieces.condition_KD)


def test_channels_are_averaged(stage: SpeechStage) -> None:
    stereo_TC = _noise(16_000, channels=2)
    mono_TC = stereo_TC.mean(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    both = [_features(stage, samples_TC, 16_000) for samples_TC in (stereo_TC, mono_TC)]
    np.testing.assert_array_equal(both[0].emo_vec_D, both[1].emo_vec_D)


def test_sound_that_is_too_short_or_no_number_is_the_clips_fault(stage: SpeechStage) -> None:
    with pytest.raises(BadInput, match="a/one") as short:
        _features(stage, _noise(1_000), 16_000)
    assert short.value.reason == "TOO_SHORT"
    wrong_TC = _noise(16_000)
    wrong_TC[5] = np.nan
    with pytest.raises(BadInput, match="a/one") as wrong:
        _features(stage, wrong_TC, 16_000)
    assert wrong.value.reason == "NOT_FINITE"


def test_a_clip_without_sound_is_set_aside(stage: SpeechStage) -> None:
    job = ClipJob(Clip("a/one", "one", "a", "one.wav"), Media.of_bytes("one.wav", b""))
    with pytest.raises(BadInput, match="a/one") as refused:
        stage(job, None)
    assert refused.value.reason == "NO_AUDIO"
