"""Sounds and their samples: what they tell, and which cannot be."""

from typing import Any

import numpy as np
import pytest

from services.base.media.audio import AlignedSound, AudioChunk, AudioFacts, AudioInfo, SoundFacts


def test_a_sample_is_heard_at_its_own_time() -> None:
    chunk = AudioChunk(32, np.zeros((4, 2), np.float32), 16, start_s=1.5)
    assert chunk.times_s_T.tolist() == [3.5, 3.5625, 3.625, 3.6875]
    assert (len(chunk), chunk.end_s) == (4, 3.75)


@pytest.mark.parametrize(
    ("first_sample", "samples", "rate_hz"),
    [
        (0, np.zeros((4, 1)), 16_000),
        (0, np.zeros(4, np.float32), 16_000),
        (0, np.zeros((4, 0), np.float32), 16_000),
        (-1, np.zeros((4, 1), np.float32), 16_000),
        (0, np.zeros((4, 1), np.float32), 0),
    ],
    ids=["float64", "one axis", "no channel", "before the first", "no rate"],
)
def test_a_chunk_that_cannot_be_is_not_made(first_sample: int, samples: np.ndarray, rate_hz: int) -> None:
    with pytest.raises(ValueError, match=r"samples must be|must be 0 or more"):
        AudioChunk(first_sample, samples, rate_hz)


def test_a_sound_without_a_rate_or_a_channel_is_not_made() -> None:
    with pytest.raises(ValueError, match="num_channels of a sound must be 1 or more, not 0"):
        AudioInfo(16_000, 0, "flac", "s16", 44_100, 2)


def test_a_sound_counts_in_seconds() -> None:
    assert AudioFacts(num_samples=8000, duration_s=0.5).counts == {"audio_s": 0.5}


@pytest.mark.parametrize("shares", [{"clipped_share": 1.5}, {"silent_share": -0.1}])
def test_a_share_is_from_0_to_1(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be from 0 to 1"):
        SoundFacts(1.0, 16_000, 1, "flac", **shares)


def test_an_aligned_sound_lasts_as_long_as_its_frames() -> None:
    sound = AlignedSound(np.zeros(16_016, np.int16), 16_000, num_frames=30, fps=29.97, silent_share=1.0)
    assert (sound.duration_s, sound.is_silent) == (1.001, True)
    with pytest.raises(ValueError, match=r"30 frames at 29\.97 a second are 16016 samples, not 16000"):
        AlignedSound(np.zeros(16_000, np.int16), 16_000, num_frames=30, fps=29.97)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"samples_T": np.zeros(640, np.float32)}, "samples_T must be int16"),
        ({"fps": 0.0}, "fps above 0"),
        ({"num_cut_start": -1}, "must be 0 or more"),
        ({"num_padded_start": 400, "num_padded_end": 400}, "at most 640 padded"),
        ({"silent_share": 2.0}, "silent_share of a sound"),
    ],
)
def test_an_aligned_sound_that_cannot_be_is_not_made(changed: dict[str, Any], what: str) -> None:
    values = {"samples_T": np.zeros(640, np.int16), "sample_rate_hz": 16_000, "num_frames": 1, "fps": 25.0} | changed
    with pytest.raises(ValueError, match=what):
        AlignedSound(**values)
