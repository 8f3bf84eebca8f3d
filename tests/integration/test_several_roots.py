"""A data set in several roots is planned as the same data set in one: keys, shards, and the files that are read."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.cli.main import main
from orchestrator.pipelines.base import DataSet
from orchestrator.pipelines.grid.options import GridOptions
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.sign.options import SignOptions
from orchestrator.planner.planning import inputs_of
from services.base.store.input_roots import open_inputs

ALIGN = "0 25000 sil\n25000 50000 bin\n50000 75000 sil\n"


def write(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ALIGN if name.endswith(".align") else name)
    return root


def found(roots: Sequence[Path], pipeline: str = "grid") -> DataSet:
    first, *further = map(str, roots)
    options = GridOptions(num_shards=3) if pipeline == "grid" else SignOptions(write_keypoints=True, num_shards=3)
    request = RunRequest(pipeline, options, RunRoots(first, f"{first}-out", further_roots=tuple(further)))
    inputs = inputs_of(request)
    return inputs.entries.located(pipeline_of(pipeline).read(inputs, options))


def test_videos_in_one_root_and_their_aligns_in_another_are_the_clips_of_one(tmp_path: Path) -> None:
    videos = [f"s{i}/bbaf{i}n.mpg" for i in range(1, 5)]
    aligns = [f"alignments/s{i}/bbaf{i}n.align" for i in range(1, 5)]
    whole = found([write(tmp_path / "whole", *videos, *aligns)])
    a = write(tmp_path / "a", *videos[:2], *aligns[2:])
    b = write(tmp_path / "b", *videos[2:], *aligns[:2], videos[0])
    split = found([a, b])
    assert len(whole.rows) == 4
    assert [row[:3] + row[4:8] for row in split.rows] == [row[:3] + row[4:8] for row in whole.rows]
    for row, one in zip(split.rows, whole.rows, strict=True):
        assert row.media == (one.media if one.media in videos[:2] else str(b / one.media))
        store = open_inputs([str(a), str(b)])
        assert store.read(row.media) == one.media.encode() and store.read(row.extras[0].path) == ALIGN.encode()
    assert [(one.media, one.reason) for one in split.problems] == [(str(b / videos[0]), "DUPLICATE_PATH")]


def test_sign_names_its_outputs_and_labels_as_of_one_root(tmp_path: Path) -> None:
    names = ["tea/x.mp4", "tea/y.mp4", "milk/x.mp4"]
    whole = found([write(tmp_path / "whole", *names)], "sign")
    split = found([write(tmp_path / "a", *names[:1]), write(tmp_path / "b", *names[1:])], "sign")
    assert [(row.key, row.utterance_id, row.shard) for row in split.rows] == [
        (row.key, row.utterance_id, row.shard) for row in whole.rows
    ]
    assert {row.media for row in split.rows} == {"tea/x.mp4", *(str(tmp_path / "b" / name) for name in names[1:])}


def test_the_printed_request_of_a_run_names_every_root(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = write(tmp_path / "a", "s1/bbaf1n.mpg"), write(tmp_path / "b", "alignments/s1/bbaf1n.align")
    roots = ["--input-root", str(a), "--input-root", str(b), "--output-root", str(tmp_path / "out")]
    assert main(["pin", "grid", *roots]) == 0
    capsys.readouterr()
    assert main(["status", "--output-root", str(tmp_path / "out"), "--print-request", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["input-root"] == [str(a), str(b)]
