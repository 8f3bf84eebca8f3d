"""What a finished run writes last: a row for each clip that is in a record, and what the records are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.pipelines.base import Made
from orchestrator.pipelines.lips.options import LipsOptions, stages
from orchestrator.pipelines.lips.pipeline import PIPELINE, predict
from services.base.media.clip import ClipAttributes
from services.base.run.manifest import ClipRow
from services.base.run.spec import PinnedStage, RunSpec
from services.formats.lips_clips import CLIPS_FILE, LipsClipRow, read_clips


def spec(*, licensed: bool = True) -> RunSpec:
    pinned = tuple(PinnedStage(name, config=dict(config)) for name, config in stages(LipsOptions()))
    pinned = (
        *pinned[:-1],
        PinnedStage("lipsfiles", config={"profile": "aligned-face", "source": "face", "target_fps": 25.0}),
    )
    details = {"topics": ["KJ", "LY"], "is_licensed": licensed}
    return RunSpec("r", "lips", "d" * 64, pinned, "in", "out", 2, 3, "c" * 64, {}, details=details)


def clip(key: str, split: str, shard: int, position: int, category: int) -> ClipRow:
    said = ClipAttributes(f"字{key}", "zh", category=category)
    return ClipRow(key, key, key[0], f"{key}.mp4", split, shard, position, 0, 1, "1", attributes=said)


CLIPS = [
    clip("1a", "val", 0, 0, 0),
    clip("1b", "train", 0, 1, 1),
    clip("2c", "val", 0, 2, 0),
    clip("2d", "val", 1, 0, 1),
]
QUALITY = [{"key": key, "num_frames": n} for key, n in (("1a", 10), ("1b", 11), ("2d", 13))]


def written(**facts: Any) -> Mapping[str, bytes]:
    made = Made(spec(**facts), [], QUALITY, clips=CLIPS)
    return {name: b"".join(pieces) for name, pieces in PIPELINE.summary_files(made).items()}


def test_rows_tell_where_each_record_is_and_clips_without_one_have_none() -> None:
    assert list(read_clips(written()[CLIPS_FILE])) == [
        LipsClipRow("1b", "train", 0, 0, "1", "LY", "字1b", 11, "1b.mp4"),
        LipsClipRow("1a", "val", 0, 0, "1", "KJ", "字1a", 10, "1a.mp4"),
        LipsClipRow("2d", "val", 1, 0, "2", "LY", "字2d", 13, "2d.mp4"),
    ]


@pytest.mark.parametrize("licensed", [True, False])
def test_the_licence_goes_with_what_was_made_of_the_data_set(licensed: bool) -> None:
    files = written(licensed=licensed)
    assert ("DATA_LICENCE.txt" in files) is licensed
    meta = json.loads(files["meta.json"])
    assert meta["is_licensed"] is licensed
    assert (meta["height"], meta["width"], meta["channels"], meta["fps"]) == (96, 96, 1, 25.0)
    assert list(files)[-1] == "meta.json", "it says that all the others are there"


def test_the_room_is_told_before_anything_is_written() -> None:
    files = {"profile": "aligned-face", "target_fps": 25.0}
    ten_seconds = 10 * 2.0e6 / 8
    assert predict({"lipsfiles": files | {"source": "face"}}, ten_seconds).output_bytes == 250 * 96 * 96
