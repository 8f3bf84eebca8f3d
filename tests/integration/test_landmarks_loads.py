"""Models are loaded once for all configs that need the same ones: what else a config says decides no model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import pytest

from services.__main__ import open_stage
from services.base.sandbox.child import Passes
from services.landmarks.face import mediapipe
from services.landmarks.face.dlib import points
from services.landmarks.models import DLIB_PREDICTOR, FACE_LANDMARKER, find


def stages(sampling: str, **landmarks: Any) -> list[list[Any]]:
    return [["decode", {"sampling": sampling, "target_fps": 15.0}], ["landmarks", landmarks]]


def opened(*configs: list[list[Any]]) -> None:
    remote: Mapping[str, str] = {}
    passes = Passes(open_stage, remote)
    for config in configs:
        passes.open(config)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files of models, each as often as it was loaded."""
    # Whatever another test of this process still holds.
    monkeypatch.setattr(points, "_LOADED", WeakValueDictionary())
    monkeypatch.setattr(mediapipe, "_OPEN", WeakValueDictionary())
    found: list[Path] = []
    load, tasks = points._load, mediapipe.FaceTasks

    def load_predictor(path: Path) -> Any:
        found.append(path)
        return load(path)

    def load_tasks(path: Path) -> Any:
        found.append(path)
        return tasks(path)

    monkeypatch.setattr(points, "_load", load_predictor)
    monkeypatch.setattr(mediapipe, "FaceTasks", load_tasks)
    return found


def test_requests_with_other_samplings_and_gaps_share_mediapipes_networks(loads: list[Path]) -> None:
    model = find(FACE_LANDMARKER)
    if model is None:
        pytest.skip(f"no {FACE_LANDMARKER}: run `python -m services.landmarks.model_files fetch`")
    opened(stages("grid"), stages("steady"), stages("steady", max_gap_frames=3), stages("grid", max_gap_frames=0))
    assert loads == [model]


def test_requests_with_other_modes_and_jitters_share_dlibs_predictor(loads: list[Path]) -> None:
    predictor = find(DLIB_PREDICTOR)
    if predictor is None:
        pytest.skip("no 68-point predictor: pip install 'visemill[dlib68]'")
    ways: list[dict[str, Any]] = [{"mode": "per-frame"}, {"num_jitters": 3}, {"max_gap_frames": 1}]
    opened(*(stages("grid", backend="dlib", **way) for way in ways))
    assert loads == [predictor]
