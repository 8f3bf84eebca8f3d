"""The exchange in the pose network: two outputs of each point change places, and nothing else does."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.landmarks.body.mediapipe_body import BodyTasks
from services.landmarks.body.pose_bundle import exchange_visibility
from services.landmarks.models import POSE_LANDMARKER, find

NETWORK = "pose_landmarks_detector.tflite"


@pytest.fixture(scope="module")
def official() -> bytes:
    path = find(POSE_LANDMARKER)
    if path is None:
        pytest.skip(f"no {POSE_LANDMARKER}: run `python -m services.landmarks.model_files fetch`")
    return path.read_bytes()


def parts(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_twice_exchanged_is_the_official_network(official):
    once = exchange_visibility(official)
    assert parts(once)[NETWORK] != parts(official)[NETWORK]
    assert parts(exchange_visibility(once)) == parts(official)


def test_only_two_rows_of_five_of_weights_and_biases_differ(official):
    before, after = (np.frombuffer(parts(b)[NETWORK], np.uint8) for b in (official, exchange_visibility(official)))
    changed = np.flatnonzero(before != after)
    num_bytes_a_row, num_points = 2 * (2 * 2 * 288 + 1), 39
    assert 0 < len(changed) <= 2 * num_points * num_bytes_a_row
    assert {name: data for name, data in parts(official).items() if name != NETWORK} == {
        name: data for name, data in parts(exchange_visibility(official)).items() if name != NETWORK
    }


def made_bundle(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name + ".tflite", data)
    return out.getvalue()


@pytest.mark.parametrize(
    "bundle",
    [
        b"",
        b"no zip",
        made_bundle(something_else=b"x"),
        made_bundle(pose_landmarks_detector=b""),
        made_bundle(pose_landmarks_detector=bytes(64)),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, bundle: bytes):
    with pytest.raises(ValueError):
        exchange_visibility(bundle)
    (tmp_path / "mine.task").write_bytes(bundle)
    with pytest.raises(BadConfig, match=r"MODEL_UNREADABLE.*mine\.task.*official pose_landmarker_full\.task"):
        BodyTasks(None, tmp_path / "mine.task", tmp_path / "hands.task", 0.5)
