"""The log of a gang pass in a store: a late generation commits nothing, whenever it is overtaken."""

import hashlib

import pytest

from services.base.errors import BadConfig, Transient
from services.base.run import paths
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter, PassLog, read_checkpoint, restored


@pytest.fixture
def state(tmp_path):
    return open_store(tmp_path)


def begin(state, generation):
    return GangWriter(state, state, "r", "train", generation)


def restore(state):
    log = PassLog(state, "r", "train")
    return restored(state, log, log.read())


def kinds(state):
    return [(entry.kind, entry.generation, entry.step) for entry in PassLog(state, "r", "train").read().entries]


class Overtaken:
    """A store in which another generation begins just before the N-th create, as if the process had slept there."""

    def __init__(self, store, at: int) -> None:
        self._store, self._at, self.num_creates = store, at, 0

    def __getattr__(self, name):
        return getattr(self._store, name)

    def create(self, name, data):
        self.num_creates += 1
        if self.num_creates == self._at:
            begin(self._store, 2)
        return self._store.create(name, data)


def test_the_next_generation_goes_on_from_the_last_checkpoint(state):
    first = begin(state, 1)
    assert restore(state) is None
    first.checkpoint(5, b"five")
    second = begin(state, 2)
    assert restore(state) == (5, b"five")
    second.checkpoint(10, b"ten")
    second.finish(10)
    expected = [("begin", 1, 0), ("checkpoint", 1, 5), ("begin", 2, 0), ("checkpoint", 2, 10), ("done", 2, 10)]
    assert kinds(state) == expected
    assert restore(state) == (10, b"ten")


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda late: late.checkpoint(5, b"late"), id="checkpoint"),
        pytest.param(lambda late: late.finish(5), id="finish"),
    ],
)
def test_a_late_process_of_an_older_generation_commits_nothing(state, act):
    late = begin(state, 1)
    begin(state, 2)
    with pytest.raises(Transient) as caught:
        act(late)
    assert caught.value.reason == "GENERATION_SUPERSEDED"
    assert kinds(state) == [("begin", 1, 0), ("begin", 2, 0)]


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_one_that_is_overtaken_at_any_write_commits_nothing_after(state, at):
    """Writes: 1 begins, 2 and 3 are a checkpoint's file and its entry, 4 is the result's entry."""
    store = Overtaken(state, at)
    with pytest.raises(Transient) as caught:
        writer = GangWriter(store, store, "r", "train", 1)
        writer.checkpoint(5, b"five")
        writer.finish(9)
    assert caught.value.reason == "GENERATION_SUPERSEDED"
    entries = kinds(state)
    assert entries[-1] == ("begin", 2, 0)
    assert ("checkpoint", 1, 5) in entries or at <= 3
    assert store.num_creates == at


def test_of_two_that_begin_under_one_number_one_does(state):
    begin(state, 1)
    with pytest.raises(Transient) as caught:
        begin(state, 1)
    assert caught.value.reason == "GENERATION_SUPERSEDED"


class LosesAnswers:
    """A store that carries out a create and says that the name is taken, as a retried request may."""

    def __init__(self, store) -> None:
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def create(self, name, data):
        self._store.create(name, data)
        return False


def test_a_commit_whose_answer_was_lost_counts_once(state):
    writer = GangWriter(LosesAnswers(state), state, "r", "train", 1)
    writer.checkpoint(5, b"five")
    assert kinds(state) == [("begin", 1, 0), ("checkpoint", 1, 5)]


@pytest.fixture
def checkpoints(tmp_path):
    return tmp_path / "runs" / "r" / "passes" / "train" / "checkpoints"


@pytest.mark.parametrize(
    "damage", [lambda file: file.write_bytes(b"elf"), lambda file: file.write_bytes(b"te"), lambda file: file.unlink()]
)
def test_the_checkpoint_before_one_that_is_not_whole_is_taken_up(state, checkpoints, caplog, damage):
    writer = begin(state, 1)
    writer.checkpoint(5, b"five")
    writer.checkpoint(10, b"ten")
    (newest,) = checkpoints.glob("000000010-*")
    damage(newest)
    assert restore(state) == (5, b"five")
    assert newest.name in caplog.text and "the one before" in caplog.text
    # The next generation goes on from there, and commits the lost step again.
    again = begin(state, 2)
    again.checkpoint(10, b"ten")
    assert restore(state) == (10, b"ten")


def test_where_no_checkpoint_is_whole_nothing_begins_in_silence(state, checkpoints):
    begin(state, 1).checkpoint(5, b"five")
    (file,) = checkpoints.iterdir()
    file.write_bytes(b"six")
    with pytest.raises(BadConfig) as caught:
        restore(state)
    assert caught.value.reason == "BAD_CHECKPOINT"


def test_only_the_checkpoints_that_are_kept_are_there_and_each_can_be_read(state, checkpoints):
    writer = begin(state, 1)
    for step in (5, 10, 15):
        writer.checkpoint(step, b"%d" % step)
        writer.keep_checkpoints([5, step])
    assert sorted(file.name[:9] for file in checkpoints.iterdir()) == ["000000005", "000000015"]
    log = PassLog(state, "r", "train")
    assert [read_checkpoint(state, log, step) for step in (5, 10, 15, 20)] == [b"5", None, b"15", None]
    assert restore(state) == (15, b"15")


def stage(writer, name, data):
    with writer.output(name) as file:
        file.write(data)
        file.commit()


def test_the_result_names_what_its_generation_has_staged_and_nobody_elses(state, tmp_path):
    late, newest = begin(state, 1), begin(state, 2)
    stage(late, "weights.bin", b"late")
    stage(newest, "weights.bin", b"new")
    newest.finish(9)
    result = PassLog(state, "r", "train").read().result
    assert result.outputs == {"weights.bin": {"sha256": hashlib.sha256(b"new").hexdigest(), "size_bytes": 3}}
    assert state.read(paths.staged_result("r", "train", result.attempt, "weights.bin")) == b"new"


def test_an_output_that_is_not_complete_is_no_result(state):
    writer = begin(state, 1)
    with writer.output("weights.bin") as file:
        file.write(b"half")
    with pytest.raises(ValueError, match=r"weights.bin is not complete"):
        writer.finish(9)
    assert not PassLog(state, "r", "train").read().is_done


def test_a_result_that_is_lost_is_taken_back_and_the_next_generation_makes_it_again(state):
    first = begin(state, 1)
    first.checkpoint(5, b"five")
    first.finish(5)
    PassLog(state, "r", "train").reopen()
    PassLog(state, "r", "train").reopen()
    assert kinds(state) == [("begin", 1, 0), ("checkpoint", 1, 5)]
    second = begin(state, 2)
    assert restore(state) == (5, b"five")
    second.finish(5)
    assert kinds(state)[-1] == ("done", 2, 5)
