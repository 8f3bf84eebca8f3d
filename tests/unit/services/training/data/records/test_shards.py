"""Which files of a listing are records."""

from __future__ import annotations

import pytest

from services.base.errors import BadConfig
from services.base.store.interface import Entry
from services.training.data.records.shards import shards_of


def listed(*names: str) -> list[Entry]:
    return [Entry(name, 7, "1") for name in names]


def test_the_files_of_each_split_come_in_the_order_of_their_numbers() -> None:
    names = ["val-00000-of-00001.tfrecord", "train-00001-of-00002.tfrecord", "train-00000-of-00002.tfrecord"]
    others = ["train-notes.txt", "trainer-00000-of-00001.tfrecord", "train-00000-of-00002.tfrecord.gz"]
    found = shards_of(listed(*names, *others), "out")
    assert [(shard.split, shard.number) for shard in found] == [("train", 0), ("train", 1), ("val", 0)]


@pytest.mark.parametrize(
    ("names", "reason", "words"),
    [
        pytest.param([], "NO_TRAIN_CLIPS", "visemill run grid", id="nothing"),
        pytest.param(["val-00000-of-00001.tfrecord"], "NO_TRAIN_CLIPS", "out", id="nothing to learn from"),
        pytest.param(["train-00001-of-00002.tfrecord"], "SHARDS_MISSING", "train-00000-of-00002", id="a file is gone"),
        pytest.param(
            ["train-00000-of-00001.tfrecord", "train-00000-of-00002.tfrecord"],
            "SHARDS_OF_TWO_RUNS",
            "of 1 and of 2",
            id="two runs",
        ),
    ],
)
def test_what_is_no_whole_set_is_refused(names: list[str], reason: str, words: str) -> None:
    with pytest.raises(BadConfig, match=words) as caught:
        shards_of(listed(*names), "out")
    assert caught.value.reason == reason
