"""Which settings the stage of aligned sound takes, and what a clip without sound is left out for."""

import math

import pytest

from services.audio.aligned.spec import SPEC, SoundConfig


@pytest.mark.parametrize("fps", [0.0, -25.0, math.nan, math.inf, 1001.0])
def test_a_rate_that_cannot_be_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="fps must be above 0 and at most 1000"):
        SoundConfig(fps=fps)


def test_only_what_is_wrong_with_a_sound_is_given_another_reason() -> None:
    assert SPEC.media_reasons["NO_AUDIO_STREAM"] == "NO_AUDIO"
    assert SPEC.media_reasons["RATE_CHANGED"] == "AUDIO_UNREADABLE"
    assert not {"EMPTY_FILE", "OPEN_FAILED", "UNSUPPORTED_CODEC"} & SPEC.media_reasons.keys()
