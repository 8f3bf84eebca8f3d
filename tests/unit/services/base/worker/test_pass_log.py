"""The log of a gang pass in a store: a late generation commits nothing, whenever it is overtaken."""

import pytest

from services.base.errors import BadConfig, Transient
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter, PassLog


@pytest.fixture
def state(tmp_path):
    return open_store(tmp_path)


def begin(state, generation):
    return GangWriter(state, "r", "train", generation)


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
    assert first.restore() is None
    first.checkpoint(5, b"five")
    second = begin(state, 2)
    assert second.restore() == (5, b"five")
    second.checkpoint(10, b"ten")
    second.finish(10, b"ten")
    expected = [("begin", 1, 0), ("checkpoint", 1, 5), ("begin", 2, 0), ("checkpoint", 2, 10), ("done", 2, 10)]
    assert kinds(state) == expected
    assert second.restore() == (10, b"ten")


@pytest.mark.parametrize("act", ["checkpoint", "finish"])
def test_a_late_process_of_an_older_generation_commits_nothing(state, act):
    late = begin(state, 1)
    begin(state, 2)
    with pytest.raises(Transient) as caught:
        getattr(late, act)(5, b"late")
    assert caught.value.reason == "GENERATION_SUPERSEDED"
    assert kinds(state) == [("begin", 1, 0), ("begin", 2, 0)]


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_one_that_is_overtaken_at_any_write_commits_nothing_after(state, at):
    """Writes: 1 begins, 2 and 3 are a checkpoint's file and its entry, 4 and 5 those of the result."""
    store = Overtaken(state, at)
    with pytest.raises(Transient) as caught:
        writer = GangWriter(store, "r", "train", 1)
        writer.checkpoint(5, b"five")
        writer.finish(9, b"nine")
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
    writer = GangWriter(LosesAnswers(state), "r", "train", 1)
    writer.checkpoint(5, b"five")
    assert kinds(state) == [("begin", 1, 0), ("checkpoint", 1, 5)]


def test_a_checkpoint_that_was_changed_is_not_taken_up(state, tmp_path):
    begin(state, 1).checkpoint(5, b"five")
    (file,) = (tmp_path / "runs" / "r" / "passes" / "train" / "checkpoints").iterdir()
    file.write_bytes(b"six")
    with pytest.raises(BadConfig) as caught:
        begin(state, 2).restore()
    assert caught.value.reason == "BAD_CHECKPOINT"
