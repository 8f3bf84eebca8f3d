"""What the keypoints stage takes, what of it decides bytes, and which files it loads."""

import hashlib
import zipfile
from dataclasses import fields, replace
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.landmarks import models as landmark_models
from services.landmarks.body import layout
from services.landmarks.body.models import models_of
from services.landmarks.body.spec import SPEC, KeypointsConfig, key_config
from services.landmarks.model_files import freely_licensed
from services.landmarks.models import FACE_LANDMARKER, HAND_LANDMARKER, PINNED, POSE_LANDMARKER

FILES = (FACE_LANDMARKER, HAND_LANDMARKER, POSE_LANDMARKER)


@pytest.fixture
def model_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder that holds the three files, each its own name."""
    table = dict(PINNED)
    for name in FILES:
        (tmp_path / name).write_text(name)
        table[name] = replace(PINNED[name], sha256=hashlib.sha256(name.encode()).hexdigest(), package="no_such_package")
    monkeypatch.setattr(landmark_models, "PINNED", table)
    monkeypatch.setenv("VISEMILL_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none"))
    return tmp_path


def test_the_defaults_are_the_originals():
    assert KeypointsConfig() == KeypointsConfig(out_size=256, conf_thresh=0.5, segmenter="")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"out_size": 16}, "out_size 16 must be 64 to 2048 px, or 0"),
        ({"out_size": -1}, "out_size -1"),
        ({"out_size": True}, "out_size True must be a whole number"),
        ({"conf_thresh": 0.0}, r"conf_thresh 0\.0 must be above 0"),
        ({"conf_thresh": 1.5}, "conf_thresh 1.5"),
        ({"conf_thresh": float("nan")}, "conf_thresh nan"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(values, said):
    with pytest.raises(ValueError, match=said):
        KeypointsConfig(**values)


def test_paths_are_no_part_of_the_key_and_everything_else_is():
    assert set(key_config(KeypointsConfig())) == {"out_size", "conf_thresh"}
    paths = {f.name for f in fields(KeypointsConfig)} - set(key_config(KeypointsConfig()))
    assert paths == {"segmenter", "face_landmarker", "hand_landmarker", "pose_landmarker"}


def test_every_setting_has_help():
    assert all(f.metadata.get("help") for f in fields(KeypointsConfig))


def test_the_stage_reads_frames_and_its_artifact_is_kept():
    assert (SPEC.name, SPEC.reads, SPEC.writes, SPEC.cached) == ("keypoints", ("frames",), ("keypoints",), True)


def test_the_digests_of_all_files_that_are_loaded_go_into_the_key(model_files, tflite_model):
    expected = {name: hashlib.sha256(name.encode()).hexdigest() for name in FILES}
    assert models_of(KeypointsConfig()) == expected
    own = model_files / "mine.tflite"
    own.write_bytes(tflite_model())
    with_segmenter = models_of(KeypointsConfig(segmenter=str(own)))
    assert with_segmenter == expected | {"segmenter": hashlib.sha256(tflite_model()).hexdigest()}
    hands = model_files / "mine.task"
    with zipfile.ZipFile(hands, "w") as bundle:
        for part in ("hand_detector.tflite", "hand_landmarks_detector.tflite"):
            bundle.writestr(part, "mine")
    another = models_of(KeypointsConfig(hand_landmarker=str(hands)))
    assert another == expected | {HAND_LANDMARKER: hashlib.sha256(hands.read_bytes()).hexdigest()}


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_with_the_command_that_fetches_it_and_its_flag(model_files, name):
    (model_files / name).unlink()
    flag = {FACE_LANDMARKER: "--face-landmarker", HAND_LANDMARKER: "--hand-landmarker"}.get(name, "--pose-landmarker")
    with pytest.raises(BadConfig, match=rf"MODEL_MISSING.*{name}.*model_files fetch {name}.*{flag} FILE"):
        models_of(KeypointsConfig())


def test_a_segmenter_that_is_no_file_is_refused(model_files):
    with pytest.raises(BadConfig, match=r"MODEL_MISSING.*no/such\.tflite"):
        models_of(KeypointsConfig(segmenter="no/such.tflite"))


def test_the_three_files_are_fetched_unless_others_are_named():
    assert sorted(freely_licensed()) == sorted(FILES)


def test_the_groups_cover_every_point_once():
    covered = [
        i
        for group in (layout.POSE, layout.LEFT_HAND, layout.RIGHT_HAND, layout.FACE)
        for i in range(layout.NUM_POINTS)[group]
    ]
    assert covered == list(range(78))
    assert len(layout.FACE_MESH_INDICES) == 11
    assert layout.FACE_MESH_INDICES == (1, 33, 263, 133, 362, 61, 291, 105, 334, 199, 4)
