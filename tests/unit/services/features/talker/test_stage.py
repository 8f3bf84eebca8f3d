"""A clip's aligned sound becomes rows of features with where they came from."""

import numpy as np
import pytest

from services.base.errors import BadConfig, BadInput
from services.base.media.arrays import Int16Array
from services.base.media.audio import AlignedSound
from services.base.media.clip import Clip, Media
from services.base.stage.spec import ClipJob
from services.features.talker.extractors import Rows
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.stage import AudioFeaturesStage, open_stage

JOB = ClipJob(Clip("a/one", "one", "a", "one.mp4"), Media.of_bytes("one.mp4", b""))


def _sound(num_frames: int = 50, rate_hz: int = 16_000) -> AlignedSound:
    samples_T = np.random.default_rng(2).normal(0, 2_000, round(num_frames * rate_hz / 25)).astype(np.int16)
    return AlignedSound(samples_T, rate_hz, num_frames, 25.0)


@pytest.mark.parametrize(("model", "weights", "is_random"), [("ave", "seeded:0", True), ("mel", "", False)])
def test_rows_tell_their_model_and_whether_they_mean_anything(model: str, weights: str, is_random: bool) -> None:
    made = open_stage(AudioFeaturesConfig(model=model, device="cpu"))(JOB, None).finish({"aligned_sound": _sound()})
    assert (made.model, made.weights, made.is_random, made.fps) == (model, weights, is_random, 25.0)
    assert made.vectors_TX.shape == (49, 512)


def test_two_clips_are_the_same_each_time() -> None:
    stage = open_stage(AudioFeaturesConfig(device="cpu"))
    first, again = (stage(JOB, None).finish({"aligned_sound": _sound()}) for _ in range(2))
    np.testing.assert_array_equal(first.vectors_TX, again.vectors_TX)


def test_a_sound_at_another_rate_is_a_mistake_in_the_run() -> None:
    stage = open_stage(AudioFeaturesConfig(model="mel"))
    with pytest.raises(BadConfig, match="8000 samples a second"):
        stage(JOB, None).finish({"aligned_sound": _sound(rate_hz=8_000)})


def test_rows_that_are_no_numbers_are_the_clips_fault() -> None:
    def broken(samples_T: Int16Array, fps: float, name: str) -> Rows:
        return Rows(np.full((3, 2), np.nan, np.float32), "sha256:ab")

    with pytest.raises(BadInput, match="NaN or infinity"):
        AudioFeaturesStage("ave", broken)(JOB, None).finish({"aligned_sound": _sound()})
