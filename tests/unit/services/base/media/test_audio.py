"""Sounds and their samples: what they tell, and which cannot be."""

import numpy as np
import pytest

from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo, SoundFacts


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
