"""The records that a training reads are what its run is of."""

import pytest

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.grid_ctc.options import GridCtcOptions
from orchestrator.pipelines.grid_ctc.pipeline import PIPELINE
from services.base.errors import BadConfig
from services.base.store.interface import Entry

OPTIONS = GridCtcOptions(data_root="/records")


def inputs(*names):
    return Inputs([Entry(name, 10, "v1") for name in names], "/records")


def test_files_of_records_are_listed_with_their_splits_and_nothing_else():
    names = ("meta.json", "val-00000-of-00001.tfrecord", "train-00000-of-00001.tfrecord", "train-0.tfrecord")
    rows = list(PIPELINE.read(inputs(*names), OPTIONS).rows)
    assert [(row.media, row.split, row.size_bytes, row.version) for row in rows] == [
        ("train-00000-of-00001.tfrecord", "train", 10, "v1"),
        ("val-00000-of-00001.tfrecord", "val", 10, "v1"),
    ]
    assert PIPELINE.count(inputs(*names), OPTIONS) == 2


def test_there_is_no_stage_and_the_folder_of_the_records_is_the_input():
    assert PIPELINE.stages(OPTIONS) == () and PIPELINE.default_root(OPTIONS) == "/records"


@pytest.mark.parametrize(
    ("names", "root", "reason"),
    [
        (("val-00000-of-00001.tfrecord",), "/records", "NO_TRAIN_CLIPS"),
        (("train-00000-of-00001.tfrecord",), "", "NO_DATA_ROOT"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(names, root, reason):
    with pytest.raises(BadConfig) as caught:
        PIPELINE.read(inputs(*names), GridCtcOptions(data_root=root))
    assert caught.value.reason == reason
