"""Epochs are planned ahead, each once."""

import dataclasses

import pytest
from tiny_training import SETTINGS, TinyData, pieces

from services.training.engine.epochs import Epochs


def test_each_is_planned_once_and_the_next_one_ahead():
    asked = []

    def train_at(seed, epoch, share):
        asked.append(epoch)
        return TinyData(4 + epoch, digest=str(epoch))

    epochs = Epochs(dataclasses.replace(pieces(), train_at=train_at), SETTINGS)
    planned = [epochs.at(number) for number in (0, 1, 1, 2)]
    epochs.close()
    assert asked == [0, 1, 2], "and none behind the last"
    assert [len(epoch.data.items) for epoch in planned] == [4, 5, 5, 6]
    assert planned[1] is planned[2]
    items = [sorted(i for step in epoch.plan for batch in step.micro_batches for i in batch) for epoch in planned]
    assert items == [list(range(len(epoch.data.items))) for epoch in planned]


def test_one_that_cannot_be_planned_says_so_when_it_is_asked_for():
    def train_at(seed, epoch, share):
        raise ValueError("no such stretch")

    epochs = Epochs(dataclasses.replace(pieces(), train_at=train_at), SETTINGS)
    with pytest.raises(ValueError, match="no such stretch"):
        epochs.at(0)
    epochs.close()
