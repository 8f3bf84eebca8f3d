"""Settings of the stages follow from the options."""

import pytest

from orchestrator.pipelines.lips.options import LipsOptions, stages
from services.base.errors import BadConfig


def test_mouths_need_no_landmarks() -> None:
    assert [name for name, _ in stages(LipsOptions())] == ["decode", "landmarks", "lipsfiles"]
    assert [name for name, _ in stages(LipsOptions(source="processed"))] == ["decode", "lipsfiles"]


def test_frames_are_taken_by_time_at_one_rate() -> None:
    found = dict(stages(LipsOptions(fps=20.0)))
    assert (found["decode"]["sampling"], found["decode"]["target_fps"]) == ("steady", 20.0)
    assert found["lipsfiles"]["target_fps"] == 20.0


def test_a_predictor_of_dlib_means_dlib() -> None:
    assert dict(stages(LipsOptions(dlib_predictor="x.dat")))["landmarks"]["backend"] == "dlib"
    with pytest.raises(BadConfig, match="FLAGS_DISAGREE"):
        stages(LipsOptions(dlib_predictor="x.dat", landmarks="mediapipe"))


@pytest.mark.parametrize("wrong", [{"num_shards": 0}, {"max_frames": 0}, {"max_examples": -1}])
def test_numbers_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadConfig, match="BAD_FLAGS"):
        LipsOptions(**wrong)  # type: ignore[arg-type]
