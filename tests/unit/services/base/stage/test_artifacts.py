import numpy as np
import pytest

from services.base.media.points import Landmarks
from services.base.stage.artifacts import artifact_key, decode_artifact, encode_artifact

TYPES = {"landmarks": Landmarks}


def landmarks():
    points = np.arange(2 * 68 * 2, dtype=np.float32).reshape(2, 68, 2)
    points[1] = np.nan
    return Landmarks("ibug-68", points, np.array([0.5, 0], np.float32), np.array([1, 0], np.uint8), 360, 288)


def test_landmarks_survive_bit_by_bit_and_give_the_same_bytes_every_time():
    data = encode_artifact("landmarks", landmarks())
    again = decode_artifact(data, TYPES)
    assert encode_artifact("landmarks", again) == data == encode_artifact("landmarks", landmarks())
    assert again.points_TNC.tobytes() == landmarks().points_TNC.tobytes()
    assert again.present_T.tolist() == [True, False]


@pytest.mark.parametrize("data", [b"", b"nonsense", encode_artifact("landmarks", landmarks())[:-50]])
def test_torn_bytes_are_no_landmarks(data):
    with pytest.raises(ValueError, match="not an artifact"):
        decode_artifact(data, TYPES)


def test_whatever_decides_the_bytes_is_in_the_key():
    base = {
        "stage": "landmarks",
        "version": 1,
        "config": {"a": 1},
        "input_sha256": "x",
        "models": {"m": "1"},
        "libraries": {"l": "1"},
    }
    keys = {artifact_key(**base)}
    for change in (
        {"stage": "b"},
        {"version": 2},
        {"config": {}},
        {"input_sha256": "y"},
        {"models": {}},
        {"libraries": {"l": "2"}},
    ):
        keys.add(artifact_key(**{**base, **change}))
    assert len(keys) == 7
