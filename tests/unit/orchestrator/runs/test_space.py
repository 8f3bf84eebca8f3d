"""Free space is looked at before a run: too little for sure is refused with both numbers, a doubt is only told."""

import pytest

from orchestrator.pipelines.grid.pipeline import PIPELINE as GRID
from orchestrator.pipelines.prediction import Prediction
from orchestrator.pipelines.sign.pipeline import PIPELINE as SIGN
from orchestrator.runs.space import Disk, check, demand_of, disks_of, free_bytes
from services.base.errors import BadConfig
from services.base.stage.config import config_from_argv

SURE, UNSURE = Prediction(10.0, 5.0, is_sure=True), Prediction(10.0, 5.0)


def disk(output=100, needed=150, free=1000):
    return Disk(("/out",), output, needed, free)


@pytest.mark.parametrize(
    ("given", "prediction", "ignores", "answer"),
    [
        pytest.param(disk(), SURE, False, "nothing", id="it fits"),
        pytest.param(disk(free=150), SURE, False, "nothing", id="to the last byte"),
        pytest.param(disk(free=149), SURE, False, "told", id="what is kept for others may be there already"),
        pytest.param(disk(free=99), SURE, False, "refused", id="the output does not fit"),
        pytest.param(disk(free=99), SURE, True, "told", id="ignored by the user"),
        pytest.param(disk(free=99), UNSURE, False, "told", id="nobody is sure"),
    ],
)
def test_what_follows_from_a_disk(given, prediction, ignores, answer):
    if answer == "refused":
        with pytest.raises(
            BadConfig, match=r"about 150 bytes \(150 B\) are needed, 99 bytes \(99 B\) are free"
        ) as error:
            check([given], is_sure=prediction.is_sure, ignores=ignores)
        assert error.value.reason == "DISK_FULL" and "--ignore-free-space" in error.value.message
    else:
        notes = check([given], is_sure=prediction.is_sure, ignores=ignores)
        assert [note.startswith("the disk may be too small") for note in notes] == [True] * (answer == "told")


def test_output_and_state_on_one_disk_are_counted_together_and_stores_not_at_all(tmp_path):
    outputs, state = str(tmp_path / "out"), str(tmp_path / "out" / ".visemill")
    (both,) = disks_of(demand_of(outputs, state, Prediction(1000.0, 500.0), 10, keeps_artifacts=True))
    assert (both.folders, both.output_bytes) == ((outputs, state), 10_000)
    assert both.needed_bytes == 10 * (1000 + 500 + 2000)
    (without,) = disks_of(demand_of(outputs, state, Prediction(1000.0, 500.0), 10, keeps_artifacts=False))
    assert without.needed_bytes == 10 * (1000 + 2000)
    (kept,) = disks_of(demand_of("s3://b/out", state, Prediction(1000.0, 500.0), 10, keeps_artifacts=True))
    assert (kept.folders, kept.output_bytes, kept.needed_bytes) == ((state,), 0, 10 * 2500)
    assert disks_of(demand_of("s3://b/out", "s3://b/state", SURE, 10, keeps_artifacts=True)) == []
    assert both.free_bytes == pytest.approx(free_bytes(str(tmp_path)), rel=0.5)


def test_runs_of_one_disk_are_counted_together(tmp_path):
    """Each would fit: three that need a half of what is free do not."""
    half = Prediction(free_bytes(str(tmp_path)) / 2, is_sure=True)
    demands = []
    for name in ("en", "am", "zh"):
        output = str(tmp_path / name)
        demands.append(demand_of(output, f"{output}/.visemill", half, 1, keeps_artifacts=False))
        check(disks_of(demands[-1]), is_sure=True, ignores=False)
    (disk_,) = disks_of(*demands)
    assert disk_.output_bytes == pytest.approx(3 * half.output_bytes, rel=0.01)
    with pytest.raises(BadConfig, match=r"DISK_FULL: .*/en and .*/am/.visemill and 2 more: about"):
        check([disk_], is_sure=True, ignores=False)


def settings(pipeline, *words):
    return dict(pipeline.stages(config_from_argv(pipeline.options, words, pipeline.name)))


def test_a_record_of_grid_is_as_large_as_its_frames():
    """A real one takes 1,125,332 bytes, and its landmarks 288,265."""
    predicted = GRID.predict(settings(GRID), 450_000.0)
    assert predicted.is_sure
    assert predicted.output_bytes == pytest.approx(1_125_332, rel=0.001)
    assert predicted.artifact_bytes == pytest.approx(288_265, rel=0.01)
    half = GRID.predict(settings(GRID, "--max-frames", "25", "--landmarks", "dlib"), 450_000.0)
    assert half.output_bytes * 3 == predicted.output_bytes and half.artifact_bytes < predicted.artifact_bytes / 10


def test_a_sign_clip_is_guessed_by_its_bytes():
    both = SIGN.predict(settings(SIGN, "--write-keypoints", "--write-iv3-features"), 1e6)
    points = SIGN.predict(settings(SIGN, "--write-keypoints"), 1e6)
    assert not both.is_sure and both.output_bytes > 5 * points.output_bytes > 0
    twice = SIGN.predict(settings(SIGN, "--write-keypoints"), 2e6)
    assert twice.output_bytes == pytest.approx(2 * points.output_bytes)
