"""A clip's filterbank becomes its features; several at once become those of each."""

from typing import Any

import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.clip import Clip, Media
from services.base.media.features import FilterbankFrames, SpeechFeatures
from services.base.stage.spec import ClipJob
from services.base.stage.window import Together
from services.features.tts.stage import SpeechStage, open_stage

JOB = ClipJob(Clip("a/one", "one", "a", "one.wav"), Media.of_bytes("one.wav", b""))


@pytest.fixture(scope="module")
def stage(tiny_model: Any) -> SpeechStage:
    return open_stage(tiny_model.config())


def _frames(length: int) -> FilterbankFrames:
    return FilterbankFrames(np.random.default_rng(length).standard_normal((length, 160)).astype(np.float32))


def test_a_clip_alone_has_features_of_its_length(stage: SpeechStage) -> None:
    features = stage(JOB, None).finish({"filterbank": _frames(49)})
    assert isinstance(features, SpeechFeatures)
    assert len(features.codes_L) == 49


def test_a_batch_has_features_of_each_in_its_order(stage: SpeechStage) -> None:
    lengths = [20, 7, 33]
    made = stage(JOB, None).finish({"filterbank": Together(tuple(map(_frames, lengths)))})
    assert isinstance(made, Together)
    for length, beside in zip(lengths, made.values, strict=True):
        alone = stage(JOB, None).finish({"filterbank": _frames(length)})
        np.testing.assert_array_equal(beside.codes_L, alone.codes_L)
        np.testing.assert_allclose(beside.emo_vec_D, alone.emo_vec_D, rtol=0, atol=1e-4)


def test_a_clip_whose_features_are_no_numbers_is_refused_alone_and_breaks_up_no_batch(stage: SpeechStage) -> None:
    wrong = _frames(20)
    wrong.frames_TC[3] = np.inf
    made = stage(JOB, None).finish({"filterbank": Together((_frames(7), wrong, _frames(33)))})
    assert [bool(np.isfinite(one.condition_KD).all()) for one in made.values] == [True, False, True]
    with pytest.raises(BadInput, match="FEATURES_NOT_FINITE: a/one"):
        stage(JOB, None).finish({"filterbank": wrong})
    with pytest.raises(BadInput, match="FEATURES_NOT_FINITE: a/one"):
        stage(JOB, None).finish({"filterbank": Together((wrong,))})
