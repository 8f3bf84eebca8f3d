"""The report of a training, at any time of it."""

import pytest

from orchestrator.cli.runs.report import _training
from services.base.run.passes import MapPass, gang_pass
from services.base.run.spec import RunSpec
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter

TRAIN = gang_pass("train", "toy", 1, {}, [MapPass("map", "d" * 64, 0)], at_root=True)
SPEC = RunSpec("r", "toy", "d" * 64, (), "/in", "/out", 0, 1, "c" * 64, {}, gangs=(TRAIN,))


def line(epoch):
    return b'{"epoch": %d, "step": %d, "train_loss": 2.0, "val_cer": 0.5}\n' % (epoch, 4 * epoch)


@pytest.fixture
def stores(tmp_path):
    return open_store(tmp_path / "out/.visemill"), open_store(tmp_path / "out")


def epochs(stores):
    return dict(_training(SPEC, *stores).tiles).get("epochs")


def test_one_that_goes_on_is_told_up_to_its_newest_checkpoint(stores):
    assert epochs(stores) is None
    rank = GangWriter(*stores, "r", "train", 1)
    rank.checkpoint(4, b"four")
    rank.measured(line(1))
    assert epochs(stores) == "1"


def test_one_that_has_ended_is_told_by_its_result(stores):
    GangWriter(*stores, "r", "train", 1).measured(line(1))
    stores[1].put("metrics.jsonl", line(1) + line(2))
    assert epochs(stores) == "2"
