"""Frames from a disk: any of them, and never others than were indexed."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from grid_records import HEIGHT_PX, WIDTH_PX, MadeClip, write_shards

from services.base.errors import BadConfig, BadInput
from services.base.store.open import open_store
from services.training.data.records.indexing import open_index
from services.training.data.records.record_files import FilesOnDisk
from services.training.data.records.shards import shards_of

CLIPS = [MadeClip("s1", f"clip{i}") for i in range(3)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_shards(tmp_path / "out", {"train": [CLIPS[:2], CLIPS[2:]]})
    return tmp_path / "out"


def opened(root: Path) -> FilesOnDisk:
    data = open_store(root)
    shards = shards_of(data.list(), data.uri)
    return FilesOnDisk(open_index(data, shards, open_store(root.parent / "state"), root.parent), data, shards)


def frames(files: FilesOnDisk, clip: int, first: int, count: int):
    out_THWC = np.empty((count, HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    files.read(clip, first, out_THWC)
    return out_THWC


@pytest.mark.parametrize(("clip", "first", "count"), [(0, 0, 10), (2, 0, 12), (1, 3, 4), (2, 11, 1)])
def test_any_frames_of_any_clip(root: Path, clip: int, first: int, count: int) -> None:
    expected = CLIPS[clip].frames_THWC()[first : first + count]
    assert np.array_equal(frames(opened(root), clip, first, count), expected)


@pytest.mark.parametrize("change", ["cut", "touched", "gone"])
def test_a_file_that_was_changed_is_told_and_not_read(root: Path, change: str) -> None:
    files, path = opened(root), root / "train-00001-of-00002.tfrecord"
    if change == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif change == "touched":
        os.utime(path, ns=(0, 0))
    else:
        path.unlink()
    with pytest.raises(BadConfig, match="train-00001-of-00002") as caught:
        frames(files, 2, 0, 1)
    assert caught.value.reason == "DATA_CHANGED"
    assert np.array_equal(frames(files, 0, 0, 1), CLIPS[0].frames_THWC()[:1]), "the other file can be read"


def test_a_record_that_has_rotted_costs_itself(root: Path) -> None:
    path = root / "train-00000-of-00002.tfrecord"
    files, before, data = opened(root), path.stat(), bytearray(path.read_bytes())
    data[300] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(BadInput, match=r"train-00000-of-00002.*raise --max-bad-records") as caught:
        frames(files, 0, 11, 1)
    assert caught.value.reason == "CORRUPT_RECORD"
    assert np.array_equal(frames(files, 1, 0, 1), CLIPS[1].frames_THWC()[:1]), "its neighbour can be read"
