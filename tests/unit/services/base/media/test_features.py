"""Vectors and codes have their types and shapes, and tell whether they mean anything."""

import numpy as np
import pytest

from services.base.media.features import AudioFeatures, Features, FilterbankFrames, SpeechFeatures

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


@pytest.mark.parametrize("shape", [(3,), (0, 512)])
def test_rows_of_a_sound_are_float32_of_any_rank(shape: tuple[int, ...]) -> None:
    assert AudioFeatures("hubert", "", np.zeros((5, 2, 1024), np.float32), 25).num_rows == 5
    with pytest.raises(ValueError, match="vectors_TX"):
        AudioFeatures("ave", "", np.zeros(shape, np.float32), 25)


@pytest.mark.parametrize(("weights", "is_random"), [("seeded:0", True), ("sha256:ab", False), ("", False)])
def test_rows_of_a_network_without_trained_weights_are_random(weights: str, is_random: bool) -> None:
    features = AudioFeatures("ave", weights, np.zeros((1, 2), np.float32), 25)
    assert (features.is_random, features.summary()["is_random"]) == (is_random, is_random)
