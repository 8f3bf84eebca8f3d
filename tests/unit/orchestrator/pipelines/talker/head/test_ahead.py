"""Which trainings a command has a head do, and with whose consent."""

from pathlib import Path

import pytest

from orchestrator.pipelines.talker.head.ahead import ahead_of, check_epochs, check_network, going_on
from orchestrator.pipelines.talker.head.folders import Trainings
from orchestrator.pipelines.talker.head.options import HeadOptions
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.passes import GangPass
from services.base.run.spec import RunSpec


def trainings(root: Path, *, begun: tuple[int, ...] = (), finished: tuple[int, ...] = ()) -> Trainings:
    for number in (*begun, *finished):
        (root / f"training-{number}" / ".visemill").mkdir(parents=True)
        (root / f"training-{number}" / ".visemill" / "consent.json").write_text(str(number))
    for number in finished:
        (root / f"training-{number}" / "best_model.pt").touch()
    return Trainings(str(root))


@pytest.mark.parametrize(
    ("goes_on", "begun", "finished", "expected"),
    [
        (False, (30,), (), [60]),
        (True, (30,), (), [30, 60]),
        (True, (60,), (), [60]),
        (True, (), (30,), [60]),
        (True, (30,), (40,), [60]),
        (True, (40, 30), (), [40, 60]),
    ],
)
def test_what_was_broken_off_last_is_ended_first(tmp_path, goes_on, begun, finished, expected):
    options = HeadOptions(names="a", continue_training=goes_on, num_epochs=60)
    assert ahead_of(options, trainings(tmp_path, begun=begun, finished=finished)) == expected


def test_consent_is_taken_along_unless_another_is_given(tmp_path):
    there = trainings(tmp_path, begun=(40,), finished=(30,))
    kept = str(tmp_path / "training-40" / ".visemill" / "consent.json")
    assert going_on(HeadOptions(names="a", continue_training=True), there).consent == kept
    assert going_on(HeadOptions(names="a"), there).consent == ""
    assert going_on(HeadOptions(names="a", continue_training=True, consent="new.json"), there).consent == "new.json"


def test_more_epochs_than_are_asked_for_are_refused_also_of_a_training_that_was_broken_off(tmp_path):
    there = trainings(tmp_path, begun=(200,), finished=(100,))
    check_epochs(HeadOptions(names="a", num_epochs=100), there)
    check_epochs(HeadOptions(names="a", num_epochs=200, continue_training=True), there)
    with pytest.raises(BadConfig, match="has 200 epochs"):
        check_epochs(HeadOptions(names="a", num_epochs=150, continue_training=True), there)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({}, ""),
        ({"asr": "ave"}, "OTHER_ASR"),
        ({"resolution": "328"}, "OTHER_RESOLUTION"),
        ({"width": 1.0}, "OTHER_NETWORK"),
        ({"width": 1.0, "continue_training": False}, ""),
    ],
)
def test_a_head_that_goes_on_keeps_what_it_is(tmp_path, asked, reason):
    there = trainings(tmp_path, finished=(30,))
    settings = {"asr": "mel", "resolution": "160", "width": 0.25}
    gang = GangPass("train", "talker-unet", 1, "d", config=settings)
    spec = RunSpec("r", "talker-unet", "d" * 64, (), "/in", "/out", 0, 0, "c", {}, gangs=(gang,))
    there.state(30).put(paths.run_file("r"), spec.to_json())
    options = HeadOptions(names="a", num_epochs=60, **{"continue_training": True, **settings, **asked})
    if not reason:
        check_network(options, there)
        return
    with pytest.raises(BadConfig, match=f"{reason}: .*--save-dir for a new head"):
        check_network(options, there)
