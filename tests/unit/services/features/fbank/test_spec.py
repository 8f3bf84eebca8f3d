"""The filterbank stage has no settings, and what it makes may leave its process and come back the same."""

import numpy as np

from services.base.media.audio import SoundFacts
from services.base.media.features import FilterbankFrames
from services.base.stage.artifacts import decode_artifact, encode_artifact
from services.features.fbank.spec import SPEC, FbankConfig


def test_the_stage_reads_sound() -> None:
    assert (SPEC.name, SPEC.streams) == ("fbank", frozenset({"waveform"}))
    assert SPEC.writes == ("filterbank", "sound")


def test_no_setting_decides_its_bytes() -> None:
    assert SPEC.fingerprint(FbankConfig()).key_config == {}


def test_artifacts_travel() -> None:
    sound = SoundFacts(1.5, 48_000, 2, "aac", 0.9, 0.01, 0.5, 1, 2, True, ("late", "odd"))
    assert decode_artifact(encode_artifact("sound", sound), SPEC.artifacts) == sound
    frames = FilterbankFrames(np.ones((3, 160), np.float32))
    again = decode_artifact(encode_artifact("filterbank", frames), SPEC.artifacts)
    np.testing.assert_array_equal(again.frames_TC, frames.frames_TC)
