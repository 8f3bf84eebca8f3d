"""What is published is of the best epoch, whichever that was."""

import dataclasses
import json

import pytest
import safetensors.torch
import torch
from tiny_training import SETTINGS, pieces

from services.base.errors import BadConfig
from services.base.run import paths
from services.base.worker.pass_log import PassLog
from services.training.checkpoint.file import decoded
from services.training.engine.loop import train


def published(rank):
    log = PassLog(rank._state, "r", "train").read()
    attempt = log.result.attempt
    return {name: rank.outputs.read(paths.staged_result("r", "train", attempt, name)) for name in log.result.outputs}


def test_the_best_weights_are_published_beside_the_average_and_the_logs(rank):
    scores = iter([3.0, 1.0, 2.0, 1.5])
    made = dataclasses.replace(pieces(), scores=lambda sums: {"loss": next(scores), "cer": 0.5})
    train(made, dataclasses.replace(SETTINGS, num_workers=0), rank)
    files = published(rank)
    best = decoded(files["best_model.pt"])
    assert best.progress.epochs_done == 2
    weights = safetensors.torch.load(files["model.safetensors"])
    assert all(torch.equal(weights[name], tensor) for name, tensor in best.model.items())
    assert [name for name in files if name.startswith("checkpoint")] == [f"checkpoint_epoch_{n}.pt" for n in (1, 2, 3)]
    assert "Average of 2 epochs: val_loss=1.5000, val_cer=0.5000" in files["logs/training.log"].decode()
    rows = [json.loads(line) for line in files["metrics.jsonl"].splitlines()]
    assert [row["val_loss"] for row in rows if "val_loss" in row] == [3.0, 1.0, 2.0]


def test_a_last_checkpoint_that_finds_no_room_ends_the_training_with_that_and_the_one_before_is_kept(rank, monkeypatch):
    """Generation after generation would learn the epoch again, to the same end."""
    commit, full = rank.checkpoint, BadConfig("DISK_FULL", "cannot write it: free some space and resume")

    def commit_two(step, data):
        if len(rank.checkpoint_steps()) == 2:
            raise full
        commit(step, data)

    monkeypatch.setattr(rank, "checkpoint", commit_two)
    scores = iter([3.0, 2.0, 1.0])
    made = dataclasses.replace(pieces(), scores=lambda sums: {"loss": next(scores), "cer": 0.5})
    with pytest.raises(BadConfig) as ended:
        train(made, dataclasses.replace(SETTINGS, num_workers=0, num_epochs=3, average_last_n=0), rank)
    assert ended.value is full and len(rank.checkpoint_steps()) == 2
