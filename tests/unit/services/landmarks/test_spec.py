"""The landmarks stage's settings check themselves, and only what decides bytes enters a key."""

import argparse
import subprocess
import sys

import pytest

from services.base.errors import BadConfig
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.landmarks.spec import SPEC, LandmarksConfig, key_config, libraries_of


def test_the_default_is_the_permissive_backend_and_tracked() -> None:
    config = LandmarksConfig()
    assert (config.backend, config.mode, config.num_jitters) == ("mediapipe", "tracked", 1)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"backend": "opencv"}, "mediapipe, dlib"),
        ({"mode": "fast"}, "tracked, per-frame"),
        ({"backend": "dlib", "num_jitters": 0}, "between 1 and 64"),
        ({"backend": "dlib", "num_jitters": 65}, "between 1 and 64"),
        ({"backend": "dlib", "num_jitters": 2.5}, "whole number"),
        ({"backend": "dlib", "num_jitters": True}, "whole number"),
        ({"num_jitters": 3}, "set backend to dlib"),
        ({"backend": "pfld", "search_every_frames": 0}, "from 1 .each frame."),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_the_rule(values: dict[str, object], says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        config_from_mapping(LandmarksConfig, values)


def test_flags_give_back_the_config() -> None:
    parser = argparse.ArgumentParser()
    add_config_flags(parser, LandmarksConfig)
    flags = parser.parse_args(["--backend", "dlib", "--num-jitters", "9", "--dlib-predictor", "p.dat"])
    assert config_from_flags(LandmarksConfig, flags) == LandmarksConfig("dlib", num_jitters=9, dlib_predictor="p.dat")


def test_paths_stay_out_of_the_key_and_everything_else_is_in_it() -> None:
    here, there = LandmarksConfig(face_landmarker="a/x.task"), LandmarksConfig(face_landmarker="b/y.task")
    assert key_config(here) == key_config(there) == key_config(LandmarksConfig())
    different = [
        LandmarksConfig(),
        LandmarksConfig(mode="per-frame"),
        LandmarksConfig("dlib"),
        LandmarksConfig("dlib", num_jitters=2),
        LandmarksConfig("pfld"),
        LandmarksConfig("pfld", search_every_frames=9),
        LandmarksConfig("pfld-110"),
    ]
    assert key_config(LandmarksConfig()) == key_config(LandmarksConfig(search_every_frames=9))
    keys = [key_config(config) for config in different]
    assert all(keys.count(key) == 1 for key in keys)


def test_only_the_chosen_backends_libraries_decide_bytes() -> None:
    assert "dlib-bin" not in libraries_of(LandmarksConfig())
    assert "mediapipe" not in libraries_of(LandmarksConfig("dlib"))
    for backend in ("mediapipe", "dlib"):
        assert set(libraries_of(LandmarksConfig(backend))) <= set(SPEC.libraries)


def test_spec_and_models_import_no_detector() -> None:
    code = (
        "import sys, services.landmarks.spec, services.landmarks.models\n"
        "print([m for m in ('mediapipe', 'dlib', 'cv2', 'grpc') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
