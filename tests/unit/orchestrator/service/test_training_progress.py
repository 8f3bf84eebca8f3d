"""How far a training is, over a state root that a rank commits to."""

import dataclasses
import json
from pathlib import Path

import pytest

from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.pipelines.grid_ctc.options import GridCtcOptions
from orchestrator.service import training_progress
from orchestrator.service.record import Pinned, RunRecord
from orchestrator.service.training_progress import Measured, MetricLines, Seen, Trainings, training_of
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter

STEPS = [{"step": 1, "loss": 4.0}, {"step": 2, "loss": 3.0}, {"epoch": 1, "step": 2, "val_cer": 0.5}]


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def record(tmp_path):
    request = RunRequest("grid-ctc", GridCtcOptions(data_root="/in", num_ranks=2), RunRoots("/in", str(tmp_path)))
    return RunRecord(request, Pinned("r", "d" * 64, str(tmp_path / ".visemill"), 0, 1), 1.0, 1)


@pytest.fixture
def begin(record):
    """What rank 0 of a generation commits with."""
    state = open_store(record.pinned.state_root)
    return lambda generation: GangWriter(state, state, "r", "train", generation)


def numbers(measured):
    return [one.number for one in measured]


def test_a_training_is_a_run_whose_pipeline_has_a_gang(record):
    assert (training_of(record).recipe, training_of(record).num_ranks) == ("grid-ctc", 2)
    other = dataclasses.replace(record, request=RunRequest("grid", GridOptions(), RunRoots("/in", "/out")))
    assert training_of(other) is None and Trainings().step(other) == 0
    for ask in (Trainings().seen, Trainings().checkpoints, MetricLines):
        with pytest.raises(BadConfig, match="NO_TRAINING"):
            ask(other)


def test_its_progress_is_what_was_committed(record, begin):
    trainings = Trainings()
    assert trainings.seen(record) == Seen(0, 0, finished=False)
    first = begin(1)
    first.checkpoint(2, b"two")
    first.measured(lines(*STEPS))
    values = {"step": 2, "loss": 3.0, "epoch": 1, "val_cer": 0.5}
    assert trainings.seen(record) == Seen(2, 1, finished=False, values=values)
    second = begin(2)
    second.checkpoint(3, b"three")
    second.measured(lines(*STEPS, {"step": 3, "loss": 2.5}))
    second.finish(3)
    values |= {"step": 3, "loss": 2.5}
    assert trainings.seen(record) == Seen(3, 2, finished=True, values=values)
    assert trainings.step(record) == 3


def test_a_log_that_cannot_be_read_is_told_to_who_asks_and_costs_no_try(record, begin):
    begin(1)
    open_store(record.pinned.state_root).put(paths.pass_log_file("r", "train", 1), b"{")
    assert Trainings().step(dataclasses.replace(record, step=7)) == 7
    with pytest.raises(BadConfig, match="BAD_PASS_LOG"):
        Trainings().seen(record)


def test_checkpoints_that_are_kept_come_newest_first_with_what_was_measured_at_them(record, begin):
    writer = begin(1)
    for step in (1, 2, 3):
        writer.checkpoint(step, b"x" * step)
    writer.measured(lines(*STEPS))
    writer.keep_checkpoints([2, 3])
    found = Trainings().checkpoints(record)
    assert [(entry.step, entry.size_bytes, dict(values)) for entry, _, values in found] == [
        (3, 3, {}),
        (2, 2, {"step": 2, "loss": 3.0, "epoch": 1, "val_cer": 0.5}),
    ]
    for entry, uri, _ in found:
        assert Path(uri).read_bytes() == b"x" * entry.step


def test_each_line_is_told_once_and_from_any_number_on(record, begin):
    writer = begin(1)
    reader = MetricLines(record)
    assert list(reader.new()) == []
    writer.measured(lines(*STEPS[:2]))
    assert list(reader.new()) == [Measured(1, STEPS[0]), Measured(2, STEPS[1])]
    assert list(reader.new()) == []
    writer.measured(lines(*STEPS))
    assert numbers(reader.new()) == [3]
    assert numbers(MetricLines(record, since=1).new()) == [2, 3]
    assert numbers(MetricLines(record, since=9).new()) == []


def test_what_an_older_checkpoint_leads_to_again_is_not_told_again(record, begin):
    writer = begin(1)
    reader = MetricLines(record)
    writer.measured(lines(*STEPS))
    assert numbers(reader.new()) == [1, 2, 3]
    writer.measured(lines(*STEPS[:1]))
    assert numbers(reader.new()) == []
    writer.measured(lines(*STEPS, {"step": 3, "loss": 1.0}))
    assert list(reader.new()) == [Measured(4, {"step": 3, "loss": 1.0})]


def test_lines_are_read_in_pieces_of_any_size(record, begin, monkeypatch):
    begin(1).measured(lines(*STEPS))
    for size in (25, 31, 64, 1000):
        monkeypatch.setattr(training_progress, "_PIECE_BYTES", size)
        assert [one.values for one in MetricLines(record).new()] == STEPS


@pytest.mark.parametrize("line", [b"no json", b"[1]", b'"loss"', b'{"loss": null}', b'{"loss": NaN}', b"\xff"])
def test_what_is_no_finite_number_is_left_out(record, begin, line):
    begin(1).measured(line + b"\n" + lines({"step": 1}))
    assert list(MetricLines(record).new()) == [Measured(1, {}), Measured(2, {"step": 1})]


def test_a_file_without_lines_is_not_read_whole(record, begin, monkeypatch):
    monkeypatch.setattr(training_progress, "_PIECE_BYTES", 10)
    begin(1).measured(b"x" * 1000)
    assert list(MetricLines(record).new()) == []


def test_logs_of_the_trainings_that_were_asked_for_last_are_kept(record, begin, monkeypatch):
    monkeypatch.setattr(training_progress, "_MOST_LOGS", 2)
    trainings = Trainings()
    for name in ("a", "b", "c"):
        trainings.step(dataclasses.replace(record, pinned=dataclasses.replace(record.pinned, name=name)))
    assert [run for _, run in trainings._logs] == ["b", "c"]
