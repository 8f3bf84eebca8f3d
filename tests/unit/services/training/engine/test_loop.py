"""One rank from nothing to a result. What several do, and what happens when they die: test_training_ranks."""

import dataclasses

import pytest
import torch
from tiny_training import SETTINGS, TinyData, pieces

from services.base.errors import BadConfig
from services.training.engine.loop import device_of, train

QUICK = dataclasses.replace(SETTINGS, num_epochs=2, num_workers=0)


def test_only_what_is_kept_stays_and_each_epoch_is_counted_once(rank):
    train(pieces(), QUICK, rank)
    steps = rank.checkpoint_steps()
    assert len(steps) == 2 and all(rank.read_checkpoint(step) for step in steps)


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


def test_without_a_gpu_a_rank_computes_on_the_cpu():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert device_of(0).type == expected
