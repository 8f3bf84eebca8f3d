"""PURE: the two state files of a person's folder that the original's scripts read and write.

They are written for others and never believed: what is done is told by the run's own state.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATE_FILE = ".training_state.json"
_PREPROCESSING = "preprocessing"


@dataclass(frozen=True)
class Preprocessed:
    """What the runs of a folder have made. asr_models: of its features files, the oldest first. timestamp: ISO 8601."""

    name: str
    video_path: str
    dataset_path: str
    asr_models: tuple[str, ...]
    fps: float
    num_frames: int
    num_landmarks: int
    timestamp: str

    def __post_init__(self) -> None:
        if not self.asr_models:
            raise ValueError("a folder that is done has features of one model or more")


def metadata_bytes(made: Preprocessed) -> bytes:
    """`.preprocessing_metadata.json`. asr_model: of the features file that came last."""
    values = {
        "video_path": made.video_path,
        "name": made.name,
        "asr_model": made.asr_models[-1],
        "asr_models": list(made.asr_models),
        "fps": made.fps,
        "timestamp": made.timestamp,
        "dataset_path": made.dataset_path,
    }
    return _encoded(values)


def state_bytes(made: Preprocessed, before: bytes | None) -> bytes:
    """`.training_state.json` with its part of preprocessing as it is now; all else as it was. before: the file as it is
    there; what is torn, or no object, counts as none.
    """
    state = _object_of(before)
    held = state.get(_PREPROCESSING)
    state[_PREPROCESSING] = {
        **(held if isinstance(held, Mapping) else {}),
        "completed": True,
        "timestamp": made.timestamp,
        "frame_count": made.num_frames,
        "landmark_count": made.num_landmarks,
        "steps": {"frames": True, "landmarks": True, "audio": True, "audio_features": True},
        "frames_metadata": {"count": made.num_frames},
        "landmarks_metadata": {"count": made.num_landmarks},
        "audio_features_metadata": {"asr_model": made.asr_models[-1]},
    }
    return _encoded(state)


def trained_bytes(part: str, values: Mapping[str, object], before: bytes | None) -> bytes:
    """`.training_state.json` with values in its part syncnet_training or main_training; all else as it was. before: as
    of `state_bytes`.
    """
    state = _object_of(before)
    held = state.get(part)
    state[part] = {**(held if isinstance(held, Mapping) else {}), **values}
    return _encoded(state)


def is_whole(data: bytes) -> bool:
    """Whether it is a JSON object, as a state file is."""
    try:
        return isinstance(json.loads(data), Mapping)
    except ValueError:
        return False


def _object_of(data: bytes | None) -> dict[str, Any]:
    return dict(json.loads(data)) if data is not None and is_whole(data) else {}


def _encoded(values: Mapping[str, Any]) -> bytes:
    return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()
