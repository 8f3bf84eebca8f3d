"""What a data set holds: figures of its splits, what is left out, what was cut, what splits share."""

import json
from pathlib import Path

import pytest
from grid_records import MadeClip, write_shards

from services.training.data.grid import GridData, GridSettings, open_grid
from services.training.data.inventory import inventory_of, lines_of
from services.training.data.records.opening import RecordsSettings

CLIPS = {
    "train": [[MadeClip("s1", "a", "bin", 10, content=1), MadeClip("s1", "b", "at", 8), MadeClip("s2", "c", "ee", 2)]],
    "val": [[MadeClip("s1", "d", "bin", 12)]],
    "test": [[MadeClip("s3", "e", "no", 10, content=1), MadeClip("s3", "f", "at", 11)]],
}


@pytest.fixture
def data(tmp_path: Path) -> GridData:
    write_shards(tmp_path / "out", CLIPS)
    records = RecordsSettings(str(tmp_path / "state"), tmp_path / "cache")
    return open_grid(GridSettings(str(tmp_path / "out"), records, allow_leak=True))


def quality(**flags_of: list[str]) -> bytes:
    return b"".join(json.dumps({"key": key, "flags": flags}).encode() + b"\n" for key, flags in flags_of.items())


def test_splits_have_clips_hours_speakers_lengths_and_characters(data: GridData) -> None:
    train = inventory_of(data, None)["splits"]["train"]
    assert train == {
        "clips": 2,
        "hours": 18 / 25 / 3600,
        "speakers": 1,
        "frames": {"least": 8, "mean": 9.0, "most": 10},
        "text_characters": {"least": 2, "mean": 2.5, "most": 3},
        "characters": 5,
        "different_texts": 2,
    }


def test_what_cannot_be_aligned_is_left_out_and_named(data: GridData) -> None:
    found = inventory_of(data, None)
    assert found["left_out"] == {"CTC_INFEASIBLE": 1}
    assert found["ctc_infeasible"] == {"clips": 1, "keys": ["s2/c"]}


def test_contents_speakers_and_sentences_that_splits_share_are_told(data: GridData) -> None:
    found = inventory_of(data, None)
    assert found["shared_contents"] == {"contents": 1, "examples": ["s1/a (train) = s3/e (test)"]}
    assert found["shared_speakers"] == [{"splits": ["train", "val"], "speakers": ["s1"]}]
    assert found["texts_of_train"] == {"val": 1, "test": 1}


def test_what_was_cut_is_known_from_the_quality_of_clips(data: GridData) -> None:
    assert inventory_of(data, None)["cut"] is None
    cut = inventory_of(data, quality(a=["FRAMES_CUT", "OTHER_RATE"], b=[], c=["FRAMES_CUT", "LABEL_CUT"]))["cut"]
    assert (cut["clips"], cut["FRAMES_CUT"], cut["LABEL_CUT"]["keys"]) == (3, {"clips": 2, "keys": ["a", "c"]}, ["c"])
    with pytest.raises(KeyError):
        inventory_of(data, b'{"key": "a"}')


def test_the_lines_say_the_same(data: GridData) -> None:
    text = "\n".join(lines_of(inventory_of(data, quality(a=["FRAMES_CUT"], b=[]))))
    for line in (
        "train      2         1    0.000  8 to 10 (9.0)       2 to 3 (2.5)             5      2",
        "left out: 1 (CTC_INFEASIBLE 1)",
        "clips that CTC cannot align: 1, such as s2/c",
        "cut: 1 of 2 clips, frames behind a record's last one were cut",
        "contents that stand in two splits: 1\n  s1/a (train) = s3/e (test)",
        "speakers of train and val: 1 in common, s1",
        "clips of test whose sentence is in train too: 1 of 2",
    ):
        assert line in text
    assert "cut: not known" in "\n".join(lines_of(inventory_of(data, None)))
