"""Faces must be found, and mouths are there."""

import pytest

from orchestrator.pipelines.lips.needs import needs
from orchestrator.pipelines.lips.options import LipsOptions


@pytest.mark.parametrize(
    ("source", "names"),
    [("face", ["decode", "landmarks mediapipe", "lipsfiles"]), ("processed", ["decode", "lipsfiles"])],
)
def test_landmarks_are_needed_for_faces(source: str, names: list[str]) -> None:
    assert [need.name for need in needs(LipsOptions(source=source))] == names  # type: ignore[arg-type]
