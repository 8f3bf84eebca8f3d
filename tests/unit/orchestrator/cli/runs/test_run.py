"""What `resume` and `retry` refuse before anything is executed."""

import json
from pathlib import Path

import pytest

from orchestrator.cli.main import main

# As the first versions wrote it.
OLD_RUN = {
    "run": "r",
    "pipeline": "grid",
    "digest": "d" * 64,
    "stages": [{"name": "decode", "config": {}, "models": {}}],
    "num_shards": 1,
    "num_clips": 1,
    "clips_sha256": "c" * 64,
    "libraries": {},
    "details": {},
    "schema_version": 1,
}


@pytest.mark.parametrize("command", ["resume", "retry", "status"])
def test_a_run_of_an_earlier_version_is_refused_with_the_way_out(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / ".visemill" / "runs" / "r"
    run.mkdir(parents=True)
    (tmp_path / ".visemill" / "output.json").write_text(json.dumps({"run": "r", "digest": "d" * 64, "state": ""}))
    roots = {"input_root": str(tmp_path), "output_root": str(tmp_path)}
    (run / "run.json").write_text(json.dumps(OLD_RUN | roots))
    assert main([command, "--output-root", str(tmp_path)]) == 78
    told = capsys.readouterr().err
    assert "SCHEMA_CHANGED" in told and "cannot be resumed" in told and "docs/upgrade.md" in told


def test_each_video_of_a_list_says_what_is_wrong_with_it_though_all_are_bad(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose folder is not there, and one that is empty."""
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "list.txt").write_text(f"{tmp_path}/no/a.mp4 a\n{tmp_path}/empty.mp4 b\n")
    words = ["run", "talker", "--video-list", str(tmp_path / "list.txt"), "--dataset-dir", str(tmp_path / "out")]
    assert main([*words, "--asr-model", "mel", "-o", "json"]) == 3
    told = json.loads(capsys.readouterr().out)["datasets"]
    assert [(one["dataset"], one["error"]["reason"]) for one in told] == [("a", "NO_CLIPS"), ("b", "NO_CLIPS")]
    assert [why in one["error"]["message"] for one, why in zip(told, ("VIDEO_MISSING", "EMPTY_FILE"), strict=True)] == [
        True,
        True,
    ]
