"""A predictor file means dlib, and what disagrees is refused."""

import pytest

from orchestrator.pipelines.face_records.backend import backend_of
from services.base.errors import BadConfig


@pytest.mark.parametrize(
    ("asked", "predictor", "backend"),
    [(None, "", "mediapipe"), (None, "x.dat", "dlib"), ("dlib", "x.dat", "dlib"), ("dlib", "", "dlib")],
)
def test_the_detector(asked: str | None, predictor: str, backend: str) -> None:
    assert backend_of(asked, predictor) == backend


def test_a_predictor_for_another_detector_is_refused() -> None:
    with pytest.raises(BadConfig, match="FLAGS_DISAGREE"):
        backend_of("mediapipe", "x.dat")
