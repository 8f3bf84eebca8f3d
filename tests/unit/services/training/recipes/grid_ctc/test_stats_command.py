"""The look at a data set: one JSON object, without torch; it refuses nothing for what it is there to tell."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from grid_records import MadeClip, speakers_clips, write_shards

from services.base.errors import BadConfig
from services.training.recipes.grid_ctc.stats_command import stats_main

SAME = [MadeClip("s9", "same", content=7)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_shards(tmp_path / "out", {"train": [[*speakers_clips("s1"), *SAME]], "test": [SAME]})
    return tmp_path / "out"


def test_it_answers_in_values_and_in_text(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stats_main(["--data-root", str(root), "--val-share", "0"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["splits"]["train"]["clips"] == 4 and found["shared_contents"]["contents"] == 1
    assert found["text"].startswith("split  clips  speakers")
    assert (root / ".visemill" / "indexes").is_dir()


def test_damaged_records_are_told_and_not_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shard = root / "train-00000-of-00001.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-3])
    assert stats_main(["--data-root", str(root)]) == 0
    assert sum(json.loads(capsys.readouterr().out)["left_out"].values()) == 1


def test_a_file_of_quality_that_is_none_is_named(root: Path) -> None:
    (root / "quality.jsonl").write_text("{}\n")
    with pytest.raises(BadConfig) as refused:
        stats_main(["--data-root", str(root)])
    assert refused.value.reason == "BAD_QUALITY"


def test_it_loads_no_torch() -> None:
    code = (
        "import sys, services.training.recipes.grid_ctc.stats_command; print({'torch', 'jiwer'} & sys.modules.keys())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
