"""Records in a bucket: read by ranges, kept on the disk up to a size, and never others than were indexed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grid_records import MadeClip, speakers_clips, write_shards

from services.base.errors import BadConfig
from services.base.store.open import open_store
from services.training.data.grid import GridData, GridSettings, open_grid
from services.training.data.records.opening import RecordsSettings

pytest.importorskip("torch")
CLIPS = speakers_clips("s1", clips=4)
TRAIN = "train-00000-of-00001.tfrecord"


@pytest.fixture
def bucket(s3_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    write_shards(tmp_path / "made", {"train": [CLIPS], "val": [speakers_clips("s2", clips=1)]})
    uri = f"s3://{s3_server.new_bucket()}/out"
    for path in (tmp_path / "made").iterdir():
        open_store(uri).put(path.name, path.read_bytes())
    return uri


def opened(uri: str, cache: Path, cache_mib: int = 1) -> GridData:
    return open_grid(GridSettings(uri, RecordsSettings(f"{uri}-state", cache, cache_mib=cache_mib)))


def waiting(uri: str, cache: Path) -> GridData:
    return open_grid(GridSettings(uri, RecordsSettings(f"{uri}-state", cache, makes_index=False)))


def is_whole(data: GridData) -> bool:
    batch = data.train.read([2, 0, 3, 1], "")
    frames = (CLIPS[i].frames_THWC()[:10] for i in (2, 0, 3, 1))
    return all(np.array_equal(*pair) for pair in zip(batch["frames_BTHWC"].numpy(), frames, strict=True))


@pytest.mark.parametrize("cache_mib", [0, 1])
def test_a_bucket_gives_what_a_folder_gives(bucket: str, tmp_path: Path, cache_mib: int) -> None:
    data = opened(bucket, tmp_path / "cache", cache_mib)
    assert is_whole(data)
    folder = open_grid(
        GridSettings(str(tmp_path / "made"), RecordsSettings(str(tmp_path / "state"), tmp_path / "cache"))
    )
    assert data.digest == folder.digest
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".arrow"]
    assert len(kept) == (5 if cache_mib else 0), "each record was kept when the index was made"


def test_what_is_kept_is_not_asked_for_again(bucket: str, tmp_path: Path) -> None:
    data = opened(bucket, tmp_path / "cache")
    open_store(bucket).delete(TRAIN)
    assert is_whole(data)


def test_another_machine_fetches_the_index_and_then_the_records(bucket: str, tmp_path: Path) -> None:
    opened(bucket, tmp_path / "one")
    data = opened(bucket, tmp_path / "two")
    assert not [path for path in (tmp_path / "two").rglob("*") if path.is_file() and path.suffix != ".arrow"]
    assert is_whole(data) and is_whole(data)


def test_one_rank_makes_the_index_and_the_others_wait_for_it(bucket: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        others = [threads.submit(waiting, bucket, tmp_path / "one pod") for _ in range(2)]
        assert not any(other.done() for other in others)
        made = opened(bucket, tmp_path / "one pod")
        assert all(other.result().digest == made.digest and is_whole(other.result()) for other in others)


@pytest.mark.parametrize("change", ["other clips", "gone"])
def test_records_that_were_changed_meanwhile_are_told(bucket: str, tmp_path: Path, change: str) -> None:
    data = opened(bucket, tmp_path / "cache", 0)
    if change == "gone":
        open_store(bucket).delete(TRAIN)
    else:
        write_shards(
            tmp_path / "other", {"train": [[MadeClip("s1", clip.utterance, content=i) for i, clip in enumerate(CLIPS)]]}
        )
        open_store(bucket).put(TRAIN, (tmp_path / "other" / TRAIN).read_bytes())
    with pytest.raises(BadConfig, match="DATA_CHANGED"):
        data.train.read([0], "")
