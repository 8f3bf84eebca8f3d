"""Settings of audio that cannot work are refused where they are given."""

from typing import Any

import pytest

from services.containers.audio.config import AudioConfig


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"sample_rate_hz": 999}, "sample_rate_hz must be 0"),
        ({"sample_rate_hz": -1}, "sample_rate_hz must be 0"),
        ({"sample_rate_hz": 1_000_000}, "sample_rate_hz must be 0"),
        ({"channels": 2}, "channels must be 1"),
        ({"resampler": "linear"}, "resampler must be one of soxr, sinc"),
        ({"max_duration_s": 0.0}, "max_duration_s must be above 0"),
        ({"chunk_samples": 0}, "chunk_samples must be above 0"),
    ],
)
def test_a_value_out_of_range_is_named(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        AudioConfig(**settings)
