"""Checkpoints are written beside the training, one at a time; what can be waited out does not end it."""

import threading

import pytest

pytest.importorskip("torch")

from services.base.errors import Transient
from services.training.checkpoint.writing import CheckpointWriter


@pytest.fixture
def writer_of():
    made = []

    def make(commit):
        made.append(CheckpointWriter(commit))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_one_is_under_way_while_training_goes_on_and_the_next_waits(writer_of):
    may_end, steps, after = threading.Event(), [], []

    def commit(step, data):
        may_end.wait(10)
        steps.append((step, bool(data)))

    writer = writer_of(commit)
    writer.begin(1, {"a": 1}, lambda: after.append(1))
    assert not writer.is_idle and steps == []
    may_end.set()
    writer.begin(2, {"a": 2}, lambda: after.append(2))
    writer.wait()
    assert steps == [(1, True), (2, True)] and after == [1, 2] and writer.is_idle


@pytest.mark.parametrize("error", [Transient("STORE_AWAY", "gone"), OSError(28, "No space left on device")])
def test_a_store_that_is_away_or_full_costs_the_checkpoint_and_is_said(writer_of, caplog, error):
    def commit(step, data):
        raise error

    after = []
    writer = writer_of(commit)
    writer.begin(7, {}, lambda: after.append(7))
    writer.wait()
    assert "step 7 could not be written" in caplog.text and after == []


def test_a_newer_generation_ends_this_one(writer_of):
    def commit(step, data):
        raise Transient("GENERATION_SUPERSEDED", "generation 2 has begun")

    writer = writer_of(commit)
    writer.begin(7, {}, lambda: None)
    with pytest.raises(Transient, match="GENERATION_SUPERSEDED"):
        writer.wait()
