"""The files of a training of talking heads: those of the persons that are asked for."""

import pytest

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.talker_syncnet.options import SyncNetOptions
from orchestrator.pipelines.training.person_files import count, read
from services.base.errors import BadConfig
from services.base.store.interface import Entry

FILES = (
    "a/full_body_img/000000.png", "a/landmarks/000000.pkl", "a/aud_mel.npy", "a/aud.wav", "a/quality.jsonl",
    "a/.visemill/crops-328-0.npy", "b/full_body_img/0.jpg", "b/landmarks/0.lms", "b/aud_hu.npy", "notes.txt",
)  # fmt: skip


def inputs() -> Inputs:
    return Inputs([Entry(name, 1, "1") for name in FILES], "/dataset")


def test_files_are_those_that_are_learnt_from():
    found = [row.key for row in read(inputs(), SyncNetOptions()).rows]
    assert found == sorted(
        ["a/full_body_img/000000.png", "a/landmarks/000000.pkl", "a/aud_mel.npy", "b/full_body_img/0.jpg",
         "b/landmarks/0.lms", "b/aud_hu.npy"]
    )  # fmt: skip
    assert count(inputs(), SyncNetOptions(names="b")) == 3


@pytest.mark.parametrize("names", ["c", "a\nc"])
def test_a_person_that_is_not_there_is_named(names):
    with pytest.raises(BadConfig, match="no folder of c"):
        read(inputs(), SyncNetOptions(names=names))


def test_a_folder_without_persons_is_refused():
    with pytest.raises(BadConfig, match="NO_PERSONS"):
        read(Inputs((), "/dataset"), SyncNetOptions())
