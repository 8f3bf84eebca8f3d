"""What finding a face needs."""

from orchestrator.pipelines.face_records.needs import MEDIAPIPE


def test_the_stage_must_open_and_the_remedy_is_a_command() -> None:
    assert MEDIAPIPE.is_needed
    assert MEDIAPIPE.fix.startswith("python -m ")
