"""The model files of the keypoints stage, and their digests. Imports no detector."""

from __future__ import annotations

from pathlib import Path

from services.base.errors import BadConfig
from services.base.worker.fingerprint import sha256_of
from services.landmarks.body.segmenter_file import check_segmenter
from services.landmarks.body.spec import KeypointsConfig
from services.landmarks.models import FACE_LANDMARKER, HAND_LANDMARKER, POSE_LANDMARKER, find

SEGMENTER = "segmenter"


def paths_of(config: KeypointsConfig) -> dict[str, Path]:
    """Name -> file of each model that this config loads. Raises BadConfig when one is missing or not the pinned one."""
    explicit = {
        FACE_LANDMARKER: config.face_landmarker,
        HAND_LANDMARKER: config.hand_landmarker,
        POSE_LANDMARKER: config.pose_landmarker,
    }
    paths = {name: _path(name, given) for name, given in explicit.items()}
    if config.segmenter:
        path = Path(config.segmenter).expanduser()
        if not path.is_file():
            raise BadConfig(
                "MODEL_MISSING", f"--segmenter {config.segmenter!r} is no file: give the path of a segmenter, or none"
            )
        check_segmenter(path)
        paths[SEGMENTER] = path
    return paths


def _path(name: str, given: str) -> Path:
    path = find(name, given)
    if path is None:
        flag = "--" + name.split("_landmarker", maxsplit=1)[0] + "-landmarker"
        raise BadConfig(
            "MODEL_MISSING",
            f"{name} is in none of the model folders: run `python -m services.landmarks.model_files fetch {name}`, "
            f"or give its path with {flag} FILE",
        )
    return path


def models_of(config: KeypointsConfig) -> dict[str, str]:
    """Name -> sha256 (hex) of each file that this config would load. Raises BadConfig when one is missing."""
    return {name: sha256_of(path) for name, path in paths_of(config).items()}
