"""How the result of a gang pass becomes outputs: staged, moved, marked; whenever somebody is killed between."""

import dataclasses
import json

import pytest

from orchestrator.runs.gang.results import forget_gangs, gangs_are_done, gangs_are_whole, published_files, settle
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.passes import MapPass, gang_pass
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter, PassLog, restored

MAP = MapPass("map", "d" * 64, 1)
TRAIN = gang_pass("train", "toy", 2, {}, [MAP])
ORDER = RunSpec("r", "toy", MAP.digest, (PinnedStage("decode"),), "/in", "/out", 1, 1, "c" * 64, {}, gangs=(TRAIN,))
RESULT = {"weights.bin": b"weights", "logs/loss.csv": b"1,2"}


class Killed(Exception):
    pass


class KilledAt:
    """A store whose process is killed before the N-th of its changes."""

    def __init__(self, store, at: int) -> None:
        self._store, self._at, self.num_changes = store, at, 0

    def __getattr__(self, name):
        found = getattr(self._store, name)
        if name not in ("put", "move", "delete", "delete_prefix"):
            return found

        def change(*args):
            self.num_changes += 1
            if self.num_changes == self._at:
                raise Killed
            return found(*args)

        return change


@pytest.fixture
def stores(tmp_path):
    return open_store(tmp_path / "state"), open_store(tmp_path / "out")


def committed(state, outputs, generation=1):
    writer = GangWriter(state, outputs, "r", "train", generation)
    writer.checkpoint(5, b"five")
    for name, data in RESULT.items():
        with writer.output(name) as file:
            file.write(data)
            file.commit()
    writer.finish(9)


def published(outputs):
    return {entry.name: outputs.read(entry.name) for entry in outputs.list()}


WHOLE = {f"train/{name}": data for name, data in RESULT.items()}


def test_a_pass_without_result_is_not_finished(stores):
    assert not settle(ORDER, TRAIN, *stores)
    GangWriter(*stores, "r", "train", 1).checkpoint(5, b"five")
    assert not settle(ORDER, TRAIN, *stores)
    assert not gangs_are_done(ORDER, stores[0])


def test_a_result_is_moved_into_the_folder_of_its_pass_and_marked(stores):
    state, outputs = stores
    late = GangWriter(*stores, "r", "train", 1)
    with late.output("weights.bin") as file:
        file.write(b"of a generation that committed nothing")
        file.commit()
    committed(*stores, generation=2)
    assert settle(ORDER, TRAIN, *stores)
    assert published(outputs) == WHOLE
    marker = json.loads(state.read(paths.pass_finished_file("r", "train")))
    assert (marker["digest"], marker["generation"], marker["step"]) == (TRAIN.digest, 2, 9)
    assert marker["outputs"] == published_files(ORDER, TRAIN, state)
    assert gangs_are_done(ORDER, state) and gangs_are_whole(ORDER, *stores)
    assert settle(ORDER, TRAIN, *stores)


def test_a_result_at_the_root_is_moved_there(stores):
    at_root = dataclasses.replace(TRAIN, at_root=True)
    committed(*stores)
    assert settle(ORDER, at_root, *stores)
    assert published(stores[1]) == RESULT
    assert set(published_files(ORDER, at_root, stores[0])) == set(RESULT)


@pytest.mark.parametrize("at", range(1, 4))
@pytest.mark.parametrize("which", ["state", "outputs"])
def test_whoever_is_killed_while_publishing_is_followed_by_one_who_ends_it(stores, which, at):
    state, outputs = stores
    committed(*stores)
    broken = KilledAt(state if which == "state" else outputs, at)
    try:
        settle(ORDER, TRAIN, *((broken, outputs) if which == "state" else (state, broken)))
    except Killed:
        assert broken.num_changes == at
    assert settle(ORDER, TRAIN, *stores)
    assert published(outputs) == WHOLE


@pytest.mark.parametrize("before_publishing", [True, False])
def test_a_result_that_is_lost_is_made_again_from_the_last_checkpoint(stores, before_publishing):
    state, outputs = stores
    committed(*stores)
    if not before_publishing:
        assert settle(ORDER, TRAIN, *stores)
    (lost, *_) = [entry.name for entry in outputs.list() if entry.name.endswith("weights.bin")]
    outputs.delete(lost)
    assert not settle(ORDER, TRAIN, *stores)
    log = PassLog(state, "r", "train").read()
    assert not log.is_done and log.checkpoints[-1].step == 5
    assert not gangs_are_done(ORDER, state)
    GangWriter(*stores, "r", "train", 2)
    assert restored(state, PassLog(state, "r", "train"), PassLog(state, "r", "train").read()) == (5, b"five")


def test_a_marker_of_another_training_counts_for_nothing(stores):
    committed(*stores)
    assert settle(ORDER, TRAIN, *stores)
    other = gang_pass("train", "toy", 2, {"lr": 0.2}, [MAP])
    assert published_files(ORDER, other, stores[0]) is None


def test_a_marker_that_cannot_be_read_says_what_to_do(stores):
    stores[0].put(paths.pass_finished_file("r", "train"), b"{")
    with pytest.raises(BadConfig) as caught:
        published_files(ORDER, TRAIN, stores[0])
    assert caught.value.reason == "BAD_PASS_MARKER"


def test_a_result_replaces_no_record(stores):
    state, outputs = stores
    state.put(paths.run_file("r"), ORDER.to_json())
    facts = {"train/weights.bin": {"sha256": "0" * 64, "size_bytes": 3}}
    state.put(paths.done_file("r", 0, 1), ShardCommit(0, ORDER.digest, facts, {}, {}, {}).to_json())
    outputs.put("train/weights.bin", b"one")
    committed(*stores)
    with pytest.raises(BadConfig) as caught:
        settle(ORDER, TRAIN, *stores)
    assert caught.value.reason == "OUTPUT_TAKEN"
    assert outputs.read("train/weights.bin") == b"one"


def test_passes_that_are_forgotten_begin_anew(stores):
    committed(*stores)
    assert settle(ORDER, TRAIN, *stores)
    forget_gangs(ORDER, stores[0])
    assert not settle(ORDER, TRAIN, *stores)
    assert PassLog(stores[0], "r", "train").read().generation == 0
