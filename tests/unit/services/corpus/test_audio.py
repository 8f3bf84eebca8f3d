"""The voice: quiet, and silent in silences."""

import numpy as np

from services.corpus.alignment import Row
from services.corpus.audio import SAMPLE_RATE_HZ, voice_samples
from services.corpus.visemes import sounds_of

NUM = 2 * SAMPLE_RATE_HZ
SOUNDS = sounds_of(
    [Row(0, 15_000, "sil"), Row(15_000, 25_000, "now"), Row(25_000, 35_000, "six"), Row(35_000, 50_000, "sil")]
)


def loudness(samples: np.ndarray, start_s: float, end_s: float) -> float:
    part = samples[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)].astype(float)
    return float(np.sqrt((part**2).mean()))


def test_silence_is_silent_and_words_are_heard() -> None:
    samples = voice_samples(SOUNDS, 110, NUM, "x")
    assert (samples.dtype, samples.shape) == (np.int16, (NUM,))
    assert loudness(samples, 0, 0.58) == 0 == loudness(samples, 1.42, 2)
    assert loudness(samples, 0.6, 1.0) > 200


def test_it_is_quiet() -> None:
    assert 500 < np.abs(voice_samples(SOUNDS, 110, NUM, "x").astype(int)).max() <= 8191


def test_the_same_seed_gives_the_same_samples() -> None:
    np.testing.assert_array_equal(voice_samples(SOUNDS, 110, NUM, "x"), voice_samples(SOUNDS, 110, NUM, "x"))
    assert not np.array_equal(voice_samples(SOUNDS, 110, NUM, "x"), voice_samples(SOUNDS, 110, NUM, "y"))


def test_the_pitch_is_the_speakers() -> None:
    for pitch_hz in (110, 210):
        vowel = voice_samples(SOUNDS, pitch_hz, NUM, "x")[round(0.65 * SAMPLE_RATE_HZ) : round(0.95 * SAMPLE_RATE_HZ)]
        echo = np.correlate(vowel.astype(float), vowel.astype(float), "full")[len(vowel) - 1 :]
        shortest, longest = SAMPLE_RATE_HZ // 300, SAMPLE_RATE_HZ // 70
        period = shortest + int(echo[shortest:longest].argmax())
        assert abs(SAMPLE_RATE_HZ / period / pitch_hz - 1) < 0.08
