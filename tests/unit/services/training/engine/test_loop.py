"""One rank from nothing to a result. What several do, and what happens when they die: test_training_ranks."""

import dataclasses
import json

import pytest
from tiny_training import SETTINGS, TinyData, pieces, rank_of

from services.base.errors import BadConfig, BadInput, BadShard
from services.base.process.metrics import PROCESS
from services.base.worker.rank import RankPlace
from services.training.checkpoint.file import decoded
from services.training.engine import loop
from services.training.engine.loop import train

SCORES = ("loss", "val_loss")
QUICK = dataclasses.replace(SETTINGS, num_epochs=2, num_workers=0)


class _ReachedError(Exception):
    pass


def _not_reached(*args):
    raise _ReachedError


def test_only_what_is_kept_stays_and_each_epoch_is_counted_once(rank):
    train(pieces(), QUICK, rank)
    steps = rank.checkpoint_steps()
    assert len(steps) == 2 and all(rank.read_checkpoint(step) for step in steps)


@pytest.mark.parametrize(("num_here", "num_threads"), [(1, 8), (2, 4), (16, 1), (0, 2)])
def test_threads_are_a_share_of_the_cores_of_its_own_pod(tmp_path, monkeypatch, num_here, num_threads):
    monkeypatch.setattr(loop, "granted_cores", lambda: 8)
    place = RankPlace(0, 4, 0, "127.0.0.1", 1, 1, local_world_size=num_here)
    asked = []
    monkeypatch.setattr(loop.torch, "set_num_threads", asked.append)
    monkeypatch.setattr(loop, "Ranks", _not_reached)
    with pytest.raises(_ReachedError):
        train(pieces(), dataclasses.replace(QUICK, num_threads=0), rank_of(str(tmp_path), place))
    assert asked == [num_threads]


def test_its_numbers_are_those_that_prometheus_reads(tmp_path):
    def numbers():
        names = {"items": "items_total", "waited": "wait_seconds_total", "step": "step"}
        found = {name: PROCESS.get_sample_value(f"visemill_training_{one}") for name, one in names.items()}
        scores = {one: PROCESS.get_sample_value("visemill_training_score", {"name": one}) for one in SCORES}
        return {**found, **scores}

    before, progress = numbers(), losses_of(tmp_path, pieces(), QUICK)
    after, lines = numbers(), [json.loads(line) for line in progress.metrics]
    assert after["items"] - before["items"] == 2 * 26
    assert after["waited"] > before["waited"]
    assert after["step"] == progress.step
    assert after["val_loss"] == lines[-1]["val_loss"] and after["loss"] == lines[-2]["loss"]


def test_what_is_known_of_the_data_is_in_the_log_from_the_start(tmp_path):
    log = losses_of(tmp_path, dataclasses.replace(pieces(), notes=["s1/z is left out: made so"]), QUICK).log
    assert [line.endswith(" - WARNING - s1/z is left out: made so") for line in log[3:6]] == [False, True, False]


def test_a_file_to_begin_with_is_said_to_be_unread_where_the_training_has_a_checkpoint(tmp_path):
    with pytest.raises(BadShard):
        losses_of(tmp_path, dataclasses.replace(pieces(), train=Damaged()), QUICK)
    again = rank_of(str(tmp_path), RankPlace(0, 1, 0, "127.0.0.1", 1, 2))
    train(pieces(), dataclasses.replace(QUICK, max_bad_records=9, resume="other.pt"), again)
    log = decoded(again.read_checkpoint(again.checkpoint_steps()[-1])).progress.log
    (line,) = [line for line in log if "other.pt" in line]
    assert " - WARNING - " in line and "name another --checkpoint-dir" in line


def test_epochs_may_be_of_other_items_than_the_data(rank):
    seen = []

    def train_at(seed, epoch, share):
        seen.append((seed, epoch, share))
        return TinyData(4 + epoch, digest=f"part {epoch}")

    train(dataclasses.replace(pieces(), train_at=train_at), QUICK, rank)
    assert seen == [(1, 0, 0.0), (1, 1, 0.5)]


def test_epochs_that_bring_nothing_end_a_training_that_was_told_so(rank):
    worse = iter(range(1, 100))
    made = dataclasses.replace(pieces(), scores=lambda sums: {"loss": float(next(worse))})
    train(made, dataclasses.replace(QUICK, num_epochs=9, patience=2, average_last_n=0), rank)
    assert next(worse) == 4


def test_there_must_be_something_to_learn_from(rank):
    with pytest.raises(BadConfig, match="NO_TRAIN_CLIPS"):
        train(dataclasses.replace(pieces(), train=TinyData(0)), QUICK, rank)


class Damaged(TinyData):
    def read(self, indices, seed_name):
        if {3, 5} & set(indices):
            raise BadInput("CORRUPT_RECORD", "made so")
        return super().read(indices, seed_name)


def losses_of(root, made, settings):
    rank = rank_of(str(root), RankPlace(0, 1, 0, "127.0.0.1", 1, 1))
    train(made, settings, rank)
    return decoded(rank.read_checkpoint(rank.checkpoint_steps()[-1])).progress


def test_what_is_learnt_does_not_depend_on_who_reads(tmp_path):
    found = [
        losses_of(tmp_path / str(num), pieces(), dataclasses.replace(QUICK, num_workers=num)).val_losses
        for num in (0, 1, 2)
    ]
    assert len(found[0]) == 2 and found[0] == found[1] == found[2]


def test_clips_that_cannot_be_read_are_left_out_and_named_once(tmp_path):
    made = dataclasses.replace(pieces(), train=Damaged())
    progress = losses_of(tmp_path, made, dataclasses.replace(QUICK, max_bad_records=2))
    assert sorted(progress.left_out) == ["s1/3", "s1/5"]
    said = [line for line in progress.log if "is left out: made so" in line]
    assert len(said) == 2 and "WARNING - s1/" in said[0]


def test_more_of_them_than_allowed_end_the_training_after_a_checkpoint(rank):
    made = dataclasses.replace(pieces(), train=Damaged())
    with pytest.raises(BadShard, match="2 clips cannot be read, over --max-bad-records 1, the last s1/") as caught:
        train(made, dataclasses.replace(QUICK, max_bad_records=1), rank)
    assert (caught.value.reason, caught.value.exit_code) == ("TOO_MANY_FAILURES", 65)
    (step,) = rank.checkpoint_steps()
    assert len(decoded(rank.read_checkpoint(step)).progress.left_out) == 2


def test_what_a_training_is_told_to_compile_and_cannot_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("services.training.engine.loop.compile_network", lambda model, device: False)
    progress = losses_of(tmp_path, pieces(), dataclasses.replace(QUICK, compile=True, num_epochs=1))
    assert any("Nothing is there to compile the network with" in line for line in progress.log)
