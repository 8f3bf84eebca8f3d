"""A training over ranks that meet by gloo: the same numbers whatever their number, and whatever dies."""

import io
import json
import math
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from services.base.run import paths
from services.base.store.open import open_store
from services.base.worker.pass_log import PassLog
from services.training.checkpoint.file import decoded

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
OFTEN = {"save_every_s": 1e-9}


class Trainings:
    """A process that has imported torch, and starts ranks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(PLUGINS / "tiny_training.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, root: Path, ranks: int, **scenario: Any) -> list[int]:
        """Exit codes."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"root": str(root), "ranks": ranks, **scenario}) + "\n")
        self._process.stdin.flush()
        codes: list[int] = json.loads(self._process.stdout.readline())
        return codes

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Done:
    """What a training has left."""

    def __init__(self, root: Path) -> None:
        self._outputs = open_store(root / "out")
        self.log = PassLog(open_store(root / "state"), "r", "train").read()

    def read(self, name: str) -> bytes:
        assert self.log.result is not None
        return self._outputs.read(paths.staged_result("r", "train", self.log.result.attempt, name))

    @property
    def losses(self) -> list[float]:
        rows = [json.loads(line) for line in self.read("metrics.jsonl").splitlines()]
        return [row["loss"] for row in rows if "loss" in row]

    @property
    def val_losses(self) -> list[float]:
        rows = [json.loads(line) for line in self.read("metrics.jsonl").splitlines()]
        return [row["val_loss"] for row in rows if "val_loss" in row]

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        return dict(decoded(self.read("best_model.pt")).model)


@pytest.fixture(scope="module")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    made = Trainings(tmp_path_factory.mktemp("trainings"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def alone(trainings: Trainings) -> Done:
    """One rank, undisturbed."""
    assert trainings.run(trainings.folder / "alone", 1) == [0]
    return Done(trainings.folder / "alone")


@pytest.fixture(scope="module")
def pair(trainings: Trainings) -> Done:
    """Two ranks, undisturbed."""
    assert trainings.run(trainings.folder / "pair", 2) == [0, 0]
    return Done(trainings.folder / "pair")


@pytest.fixture(scope="module")
def killed(trainings: Trainings) -> Path:
    """Two ranks, of which one was killed in the middle of an epoch; a checkpoint was written after each step."""
    root = trainings.folder / "killed"
    killed = {"happens": ["kill", 1, 9, 9], "waits_for_checkpoints": True}
    assert trainings.run(root, 2, settings=OFTEN, **killed) == [75, -9]
    return root


def close_to(found: Done, expected: Done) -> None:
    assert found.losses == pytest.approx(expected.losses, abs=1e-5)
    assert found.val_losses == pytest.approx(expected.val_losses, abs=1e-5)


def test_the_losses_fall_and_are_of_every_step(alone):
    assert len(alone.losses) > 12 and all(map(math.isfinite, alone.losses))
    assert alone.val_losses[-1] < alone.val_losses[0] < alone.losses[0]


def test_two_ranks_with_batchnorm_dropout_and_ctc_learn_what_one_does(alone, pair):
    close_to(pair, alone)
    for name, tensor in alone.weights.items():
        torch.testing.assert_close(pair.weights[name], tensor, atol=2e-5, rtol=0)


def test_ranks_without_a_micro_batch_take_part_and_change_nothing(trainings, alone):
    root = trainings.folder / "four"
    assert trainings.run(root, 4) == [0, 0, 0, 0]
    close_to(Done(root), alone)
    assert b"4 ranks share out steps of 2 micro-batches" in Done(root).read("logs/training.log")


def test_after_a_kill_as_many_ranks_have_the_same_losses_to_the_last_bit(trainings, killed, pair, tmp_path):
    shutil.copytree(killed, tmp_path / "two")
    assert trainings.run(tmp_path / "two", 2, generation=2) == [0, 0]
    found = Done(tmp_path / "two")
    assert found.losses == pair.losses and found.val_losses == pair.val_losses
    assert all(torch.equal(found.weights[name], tensor) for name, tensor in pair.weights.items())
    assert [entry.generation for entry in found.log.entries if entry.kind == "begin"] == [1, 2]


@pytest.mark.parametrize("ranks", [1, 4])
def test_from_one_checkpoint_in_mid_epoch_another_number_of_ranks_goes_on(trainings, killed, alone, ranks, tmp_path):
    shutil.copytree(killed, tmp_path / "run")
    steps = [entry.step for entry in Done(tmp_path / "run").log.checkpoints]
    per_epoch = len(alone.losses) // 3
    assert steps[-1] % per_epoch > 1, "a checkpoint in the middle of an epoch"
    assert trainings.run(tmp_path / "run", ranks, generation=2) == [0] * ranks
    close_to(Done(tmp_path / "run"), alone)


def test_asked_to_end_all_ranks_end_after_the_same_step_with_a_checkpoint(trainings, pair, tmp_path):
    assert trainings.run(tmp_path, 2, happens=["term", 1, 3, 3]) == [75, 75]
    # One rank is asked to in step 3, and tells the others with the next one.
    assert [entry.step for entry in Done(tmp_path).log.checkpoints] == [4]
    assert trainings.run(tmp_path, 2, generation=2) == [0, 0]
    assert Done(tmp_path).losses == pair.losses


def test_a_loss_that_is_not_finite_on_one_rank_costs_all_ranks_the_step(trainings, tmp_path):
    assert trainings.run(tmp_path, 2, happens=["nan", 1, 3, 4]) == [0, 0]
    found = Done(tmp_path)
    assert [i for i, loss in enumerate(found.losses, 1) if loss is None] == [3, 4]
    assert all(tensor.isfinite().all() for tensor in found.weights.values())


def test_a_training_that_does_not_recover_ends_with_what_may_help(trainings, tmp_path):
    settings = {"max_bad_steps": 3}
    assert trainings.run(tmp_path, 2, settings=settings, happens=["nan", 0, 2, 99]) == [78, 78]


def test_a_micro_batch_that_is_too_large_is_learnt_from_in_halves(trainings, tmp_path):
    assert trainings.run(tmp_path / "whole", 1, norm=False) == [0]
    assert trainings.run(tmp_path / "halves", 1, norm=False, happens=["oom", -1, 3, 0]) == [0]
    halves = Done(tmp_path / "halves")
    close_to(halves, Done(tmp_path / "whole"))
    kept = torch.load(io.BytesIO(halves.read("best_model.pt")), weights_only=True)["visemill"]["progress"]
    assert kept["too_large"] > 0 and b"are learnt from in halves" in halves.read("logs/training.log")


def test_other_data_are_refused(trainings, killed, tmp_path):
    shutil.copytree(killed, tmp_path / "run")
    assert trainings.run(tmp_path / "run", 1, generation=2, digest="other") == [78]


def test_the_result_is_files_that_scripts_of_pytorch_read(alone):
    fields = torch.load(io.BytesIO(alone.read("best_model.pt")), weights_only=True)
    assert set(fields) == {
        "epoch", "model_state_dict", "optimizer_state_dict", "scheduler_state_dict", "scaler_state_dict", "val_loss",
        "best_val_loss", "visemill",
    }  # fmt: skip
    log = alone.read("logs/training.log").decode()
    assert "INFO - Train samples: 26\n" in log and "INFO - Epoch 0: train_loss=" in log
    assert alone.log.result is not None and {
        "best_model.pt", "model.safetensors", "averaged.safetensors", "checkpoint_epoch_3.pt", "metrics.jsonl",
        "tokenizer.json",
    } <= set(alone.log.result.outputs)  # fmt: skip


def same(found: Done, expected: Done) -> bool:
    """To the last bit, with each epoch once."""
    epochs = [json.loads(line)["epoch"] for line in found.read("metrics.jsonl").splitlines() if b'"epoch"' in line]
    return (found.losses, found.val_losses, epochs) == (expected.losses, expected.val_losses, [1, 2, 3])


def test_killed_at_random_moments_it_ends_with_the_same_losses_to_the_last_bit(trainings, pair, tmp_path):
    draw = random.Random(12)
    for generation in range(1, 6):
        # A rank, or all of them, some micro-batches after the generation has begun.
        kill = ["kill", draw.choice([0, 1, -1]), *[draw.randint(1, 7)] * 2]
        assert -9 in trainings.run(tmp_path, 2, settings=OFTEN, generation=generation, happens=kill)
    assert trainings.run(tmp_path, 2, settings=OFTEN, generation=6) == [0, 0]
    assert same(Done(tmp_path), pair)


def test_a_disk_that_is_full_for_a_while_costs_checkpoints_and_nothing_else(trainings, pair, tmp_path):
    assert trainings.run(tmp_path, 2, settings=OFTEN, full=[2, 4]) == [0, 0]
    assert same(Done(tmp_path), pair)


def test_after_a_kill_while_the_disk_was_full_the_last_checkpoint_before_counts(trainings, pair, tmp_path):
    assert trainings.run(tmp_path, 2, settings=OFTEN, full=[2, 99], happens=["kill", 1, 9, 9]) == [75, -9]
    (step,) = [entry.step for entry in Done(tmp_path).log.checkpoints]
    assert step == 1
    assert trainings.run(tmp_path, 2, settings=OFTEN, generation=2) == [0, 0]
    assert same(Done(tmp_path), pair)


@pytest.mark.parametrize("damage", ["cut", "flipped", "swapped"])
def test_the_checkpoint_before_a_damaged_one_is_gone_on_from(trainings, killed, pair, damage, tmp_path):
    shutil.copytree(killed, tmp_path / "run")
    files = [path for path in (tmp_path / "run" / "state").rglob("*") if path.parent.name == "checkpoints"]
    before, newest = sorted(files)[-2:]
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.chmod(0o644)
    newest.write_bytes({"cut": data[:-9], "flipped": data, "swapped": before.read_bytes()}[damage])
    assert trainings.run(tmp_path / "run", 2, generation=2) == [0, 0]
    assert same(Done(tmp_path / "run"), pair)


def test_a_rank_that_hangs_ends_the_others_in_time_and_the_next_generation_goes_on(trainings, pair, tmp_path):
    hangs = {**OFTEN, "dist_timeout_s": 2.0}
    assert trainings.run(tmp_path, 2, settings=hangs, happens=["hang", 1, 5, 5]) == [75, 75]
    assert trainings.run(tmp_path, 2, generation=2) == [0, 0]
    assert same(Done(tmp_path), pair)


def test_a_result_that_was_cut_is_made_again_from_the_last_checkpoint(trainings, pair, tmp_path):
    shutil.copytree(trainings.folder / "pair", tmp_path / "run")
    (metrics,) = (tmp_path / "run" / "out").rglob("metrics.jsonl")
    metrics.write_bytes(metrics.read_bytes()[:100])
    # As whoever publishes it does, having looked at its size.
    PassLog(open_store(tmp_path / "run" / "state"), "r", "train").reopen()
    assert trainings.run(tmp_path / "run", 2, generation=2) == [0, 0]
    assert same(Done(tmp_path / "run"), pair)
