"""A data set opened: splits, what is left out and why, what is told, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from grid_records import MadeClip, speakers_clips, write_shards

from services.base.errors import BadConfig, BadInput, BadShard
from services.formats.words import encode_words
from services.training.data.grid import GridData, GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings


def opened(root: Path, max_failures: int = 0, **settings: Any) -> GridData:
    records = RecordsSettings(str(root.parent / "state"), root.parent / "cache", max_failures=max_failures)
    return open_grid(GridSettings(str(root), records, **settings))


def keys(data: GridData) -> dict[str, list[str]]:
    return {name: [item.key for item in getattr(data, name).items] for name in ("train", "val", "test")}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_the_splits_are_those_of_the_files(root: Path) -> None:
    train, val, test = speakers_clips("s1"), speakers_clips("s2"), speakers_clips("s3")
    write_shards(root, {"train": [train[:1], train[1:]], "val": [val], "test": [test]})
    data = opened(root)
    assert keys(data) == {
        "train": ["s1/clip0", "s1/clip1", "s1/clip2"],
        "val": ["s2/clip0", "s2/clip1", "s2/clip2"],
        "test": ["s3/clip0", "s3/clip1", "s3/clip2"],
    }
    assert len({data.digest, data.train.digest, data.val.digest, data.test.digest}) == 4


def test_without_a_val_split_a_share_of_each_speakers_clips_is_set_apart_and_it_is_said(root: Path) -> None:
    write_shards(root, {"train": [speakers_clips("s1", "s2", clips=10)], "val": [[]], "test": [[]]})
    data = opened(root, val_share=0.2)
    assert sorted(item.key.split("/")[0] for item in data.val.items) == ["s1", "s1", "s2", "s2"]
    assert not {item.key for item in data.val.items} & {item.key for item in data.train.items}
    assert "no val split: 4 of 20 training clips are set apart, 20% of each speaker's by seed 1" in data.notes[2]
    assert keys(opened(root, val_share=0.2, seed=2)) != keys(data)
    assert keys(opened(root, val_share=0.0))["val"] == []


def test_without_meta_and_words_a_training_goes_on_and_says_so(root: Path) -> None:
    write_shards(root, {"train": [speakers_clips("s1")], "val": [speakers_clips("s2")]})
    data = opened(root)
    assert not data.has_words
    assert any("no meta.json that names an alphabet" in note for note in data.notes)
    assert any("no words.parquet: whole clips alone" in note for note in data.notes)
    (root / "meta.json").write_text('{"alphabet": "abcdefghijklmnopqrstuvwxyz ", "ctc_blank": 27}')
    (root / "words.parquet").write_bytes(b"".join(encode_words([])))
    data = opened(root)
    assert (data.has_words, data.notes) == (True, ())


def test_words_that_cannot_be_read_are_no_missing_words(root: Path) -> None:
    write_shards(root, {"train": [speakers_clips("s1")]})
    (root / "words.parquet").write_bytes(b"cut")
    with pytest.raises(BadInput, match="BAD_WORDS"):
        opened(root)


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        pytest.param(MadeClip("s1", "x", "see", 3), "CTC_INFEASIBLE", id="a blank between equal letters has no frame"),
        pytest.param(MadeClip("s1", "x", "'"), "EMPTY_LABEL", id="no character"),
        pytest.param(MadeClip("s1", "x", num_frames=0), "NO_FRAMES", id="no frame"),
        pytest.param(MadeClip("s1", "x", width_px=8), "OTHER_SHAPE", id="of another size"),
    ],
)
def test_what_nothing_can_be_learnt_from_is_left_out_and_told(root: Path, odd: MadeClip, reason: str) -> None:
    write_shards(root, {"train": [[*speakers_clips("s1"), odd]], "val": [speakers_clips("s2")]})
    data = opened(root)
    assert "s1/x" not in keys(data)["train"] and len(data.train.items) == 3
    (line,) = data.left_out
    assert (line.key, line.split, line.reason) == ("s1/x", "train", reason)
    assert f"1 clips are left out: {reason}" in data.notes
    assert data.reasons == {reason: 1}


def test_a_network_of_more_steps_a_frame_takes_shorter_clips(root: Path) -> None:
    clips = [*speakers_clips("s1"), MadeClip("s1", "x", "see", 3)]
    write_shards(root, {"train": [clips], "val": [speakers_clips("s2")]})
    assert len(opened(root, steps_per_frame=2).train.items) == 4


def test_classes_beyond_the_assumed_alphabet_ask_for_meta_json(root: Path) -> None:
    write_shards(root, {"train": [[MadeClip("s1", "x", labels=(3, 30))]]})
    with pytest.raises(BadConfig, match="MISSING_META"):
        opened(root)
    (root / "meta.json").write_text('{"alphabet": "abcdefghijklmnopqrstuvwxyz "}')
    with pytest.raises(BadConfig, match=r"NO_TRAIN_CLIPS: .*BAD_LABEL"):
        opened(root)


def test_one_content_in_two_splits_stops_a_training_unless_it_is_allowed(root: Path) -> None:
    train = [*speakers_clips("s1"), MadeClip("s1", "x", content=5)]
    write_shards(root, {"train": [train], "test": [[MadeClip("s2", "y", content=5)]], "val": [speakers_clips("s3")]})
    with pytest.raises(BadConfig, match=r"CONTENT_LEAK: .*s1/x \(train\) = s2/y \(test\)"):
        opened(root)
    assert any("s1/x (train) = s2/y (test)" in note for note in opened(root, allow_leak=True).notes)


def test_speakers_of_two_splits_are_told_and_stop_nothing(root: Path) -> None:
    test = [MadeClip("s1", "x"), MadeClip("s2", "y")]
    write_shards(root, {"train": [speakers_clips("s1")], "test": [test], "val": [speakers_clips("s3")]})
    assert "1 speakers of test are in train too: s1" in opened(root).notes


def test_damaged_records_are_left_out_up_to_max_failures(root: Path) -> None:
    write_shards(root, {"train": [speakers_clips("s1")], "val": [speakers_clips("s2")]})
    path = root / "train-00000-of-00001.tfrecord"
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadShard, match=r"1 or more .*over --max-bad-records 0; the first: train-00000"):
        opened(root)
    found = opened(root, max_failures=1)
    assert keys(found)["train"] == ["s1/clip1", "s1/clip2"]
    assert found.left_out[0][:3] == ("train-00000-of-00001.tfrecord#0", "train", "CORRUPT_RECORD")


def test_a_set_without_clips_is_refused(root: Path) -> None:
    write_shards(root, {"train": [[]]})
    with pytest.raises(BadConfig, match="NO_TRAIN_CLIPS"):
        opened(root)


@pytest.mark.parametrize("wrong", [{"val_share": 1.0}, {"steps_per_frame": 0}])
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        GridSettings("out", RecordsSettings("state"), **wrong)
