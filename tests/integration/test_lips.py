"""`visemill run lips` on drawn faces: records of mouths, which a lipreader learns from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from services.base.errors import BadConfig
from services.formats.lips_clips import CLIPS_FILE, encode_clips, read_clips
from services.training.data.lips.chinese_lips import LipsData, LipsSettings, open_chinese_lips
from services.training.data.lips.reading import Reading

torch = pytest.importorskip("torch")

LIMIT_S = 240
FOLDERS = {"train": "processed_train", "val": "processed_val", "test": "processed_test"}
READING = Reading(96, 96, 25.0, "time", 500)


def run(*words: object, code: int = 0) -> str:
    argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-3000:])
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lips")
    run("demo-corpus", folder / "drawn", "--kind", "lips", "--speakers", 1, "--clips", 2)
    run("run", "lips", "--input-root", folder / "drawn", "--output-root", folder / "faces", "--num-shards", 2)
    run(
        "run", "lips", "--input-root", folder / "drawn", "--output-root", folder / "mouths", "--source", "processed",
        "--num-shards", 1,
    )  # fmt: skip
    return folder


def opened(root: Path, **settings: object) -> LipsData:
    state = str(root.parent / "state")
    return open_chinese_lips(LipsSettings(str(root), state, READING, FOLDERS, val_share=0.0, **settings))  # type: ignore[arg-type]


def test_records_of_faces_show_mouths_at_25_frames_a_second_with_their_texts(root: Path) -> None:
    rows = list(read_clips((root / "faces" / CLIPS_FILE).read_bytes()))
    videos, faces = opened(root / "drawn"), opened(root / "faces")
    assert {row.key: (row.text, row.topic, row.speaker) for row in rows} == {
        clip.key: (clip.text, clip.topic, clip.speaker) for clip in videos.train.clips
    }
    assert {clip.key: clip.text for clip in faces.train.clips} == {row.key: row.text for row in rows}
    batch = faces.train.read(range(2), "")
    pixels_BTHW = batch["frames_BTHWC"][..., 0].numpy().astype(float)
    assert pixels_BTHW.shape[2:] == (96, 96)
    for b, length in enumerate(batch["lengths_B"].tolist()):
        moving_HW = pixels_BTHW[b, :length].std(axis=0)
        assert moving_HW[36:72, 24:72].mean() > 2 * moving_HW[:24].mean(), "the mouth moves in the middle of the crop"
    assert not faces.is_licensed


def test_records_of_mouths_are_the_videos_frames(root: Path) -> None:
    videos, mouths = opened(root / "drawn"), opened(root / "mouths")
    place = {clip.key: i for i, clip in enumerate(mouths.train.clips)}
    for i, clip in enumerate(videos.train.clips):
        of_video, of_record = videos.train.read([i], ""), mouths.train.read([place[clip.key]], "")
        assert np.array_equal(of_video["frames_BTHWC"].numpy(), of_record["frames_BTHWC"].numpy())
        assert of_video["texts"] == of_record["texts"]
    assert mouths.digest != videos.digest


def test_what_was_made_is_verified_and_told_of(root: Path) -> None:
    assert "0 problems" in run("verify", "--output-root", root / "faces")
    said = run("stats", "chinese-lips", "--data_root", root / "faces")
    assert "train: 2 clips" in said


def test_a_table_of_other_records_is_refused(root: Path, tmp_path: Path) -> None:
    for file in (root / "faces").glob("*.tfrecord"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    rows = list(read_clips((root / "faces" / CLIPS_FILE).read_bytes()))
    swapped = [row._replace(key=other.key) for row, other in zip(rows, reversed(rows), strict=True)]
    (tmp_path / CLIPS_FILE).write_bytes(encode_clips(swapped))
    meta = json.loads((root / "faces" / "meta.json").read_text())
    (tmp_path / "meta.json").write_text(json.dumps(meta | {"fps": 30.0}))
    with pytest.raises(BadConfig, match="OTHER_RATE"):
        opened(tmp_path)
    (tmp_path / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(BadConfig, match="DATA_CHANGED"):
        opened(tmp_path)
