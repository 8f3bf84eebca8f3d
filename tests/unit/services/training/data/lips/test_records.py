"""Records of `visemill run lips` as a data set: clips by the table, frames from the records, damage told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from lips_data import LipsExample

from services.base.errors import BadConfig, BadShard
from services.base.media.clip import Clip, ClipAttributes
from services.formats.lips_clips import CLIPS_FILE, LipsClipRow, encode_clips
from services.formats.tfrecord import write_record
from services.records.lips.stage import record_bytes
from services.training.data.lips.chinese_lips import LipsData, LipsSettings, open_chinese_lips
from services.training.data.lips.reading import Reading

FOLDERS = {"train": "processed_train", "val": "processed_val", "test": "processed_test"}
CLIPS = {
    "train": [LipsExample("1_20_M_KJ_001", "文字"), LipsExample("1_20_M_KJ_002", "说文字")],
    "val": [LipsExample("2_20_M_KJ_001", "字文说")],
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder, rows = tmp_path / "made", []
    folder.mkdir()
    for split, clips in CLIPS.items():
        with (folder / f"{split}-00000-of-00001.tfrecord").open("wb") as file:
            for i, one in enumerate(clips):
                mouths_THWC = one.frames_THW()[..., None]
                clip = Clip(one.key, one.key, one.key[0], "x.mp4", split, attributes=ClipAttributes(one.text, "zh"))
                write_record(file, record_bytes(clip, mouths_THWC))
                rows.append(LipsClipRow(one.key, split, 0, i, one.key[0], "KJ", one.text, len(mouths_THWC), "x.mp4"))
    (folder / CLIPS_FILE).write_bytes(encode_clips(rows))
    (folder / "meta.json").write_text(json.dumps({"fps": 25.0, "is_licensed": False}))
    return folder


def opened(root: Path, size_px: int = 32, fps: float = 25.0, max_frames: int = 500) -> LipsData:
    reading = Reading(size_px, size_px, fps, "time", max_frames)
    return open_chinese_lips(LipsSettings(str(root), str(root.parent / "state"), reading, FOLDERS))


def test_frames_come_from_the_records_and_texts_from_the_table(root: Path) -> None:
    pytest.importorskip("torch")
    data = opened(root)
    assert [len(data.split(name).items) for name in FOLDERS] == [2, 1, 0]
    batch = data.train.read([0, 1], "")
    for b, one in enumerate(CLIPS["train"]):
        length = batch["lengths_B"][b]
        assert np.array_equal(batch["frames_BTHWC"][b, :length, :, :, 0].numpy(), one.frames_THW())
    assert batch["texts"] == ["文字", "说文字"]
    assert not data.is_licensed
    assert data.val.clips[0].topic == "KJ"


def test_frames_are_scaled_and_cut_as_the_reading_says(root: Path) -> None:
    pytest.importorskip("torch")
    data = opened(root, size_px=48, max_frames=12)
    assert data.train.read([1], "")["frames_BTHWC"].shape == (1, 12, 48, 48, 1)
    assert data.train.share_cut == 0.5


def test_another_rate_is_refused_with_the_remedy(root: Path) -> None:
    with pytest.raises(BadConfig, match=r"OTHER_RATE.*--fps 25"):
        opened(root, fps=30.0)


def test_a_table_of_other_records_is_refused(root: Path) -> None:
    rows = [
        LipsClipRow(one.key, "train", 0, i, "1", "KJ", one.text, 10, "x") for i, one in enumerate(CLIPS["train"][::-1])
    ]
    (root / CLIPS_FILE).write_bytes(encode_clips(rows))
    with pytest.raises(BadConfig, match="DATA_CHANGED"):
        opened(root)


def test_a_damaged_record_stops_a_training(root: Path) -> None:
    file = root / "train-00000-of-00001.tfrecord"
    data = bytearray(file.read_bytes())
    data[200] ^= 1
    file.write_bytes(bytes(data))
    with pytest.raises(BadShard, match="TOO_MANY_FAILURES"):
        opened(root)


def test_a_meta_file_that_is_none_is_told(root: Path) -> None:
    (root / "meta.json").write_text("[]")
    (root / "demo-corpus.json").write_text("{}")
    with pytest.raises(BadConfig, match="BAD_META"):
        opened(root)
