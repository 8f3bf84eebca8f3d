"""Vectors and codes have their types and shapes, and tell whether they mean anything."""

import numpy as np
import pytest

from services.base.media.features import Features, FilterbankFrames, SpeechFeatures

_CODES = np.zeros(5, np.int32)
_CONDITION, _EMOTION = np.zeros((32, 8), np.float32), np.zeros(8, np.float32)


def test_vectors_are_float32_a_frame() -> None:
    with pytest.raises(ValueError, match="vectors_TD must be float32"):
        Features("net", "seeded:0", np.zeros((3, 2)), np.zeros(3))


@pytest.mark.parametrize(
    ("arrays", "what"),
    [
        ((_CODES.astype(np.int64), _CONDITION, _EMOTION), "codes_L"),
        ((_CODES, _CONDITION[0], _EMOTION), "condition_KD"),
        ((_CODES, _CONDITION, _EMOTION.astype(np.float64)), "emo_vec_D"),
    ],
)
def test_an_array_of_another_type_or_shape_is_refused(arrays: tuple[np.ndarray, ...], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        SpeechFeatures(*arrays)


def test_features_of_any_random_weights_mean_nothing() -> None:
    assert SpeechFeatures(_CODES, _CONDITION, _EMOTION, {"a": "sha256:0", "b": "seeded:0"}).is_random
    assert not SpeechFeatures(_CODES, _CONDITION, _EMOTION, {"a": "sha256:0"}).is_random


@pytest.mark.parametrize("frames", [np.zeros((3, 160)), np.zeros(3, np.float32), np.zeros((0, 160), np.float32)])
def test_a_filterbank_is_float32_and_has_a_frame(frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match="frames_TC"):
        FilterbankFrames(frames)
