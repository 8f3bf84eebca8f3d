"""What a data set holds, as values and as lines, without torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lips_data import LipsExample, table_file, write_lips

from services.training.recipes.lips.stats_command import stats_main


def test_every_split_and_what_is_left_out_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = [LipsExample("1_20_M_KJ_000", "文字"), LipsExample("2_20_M_LY_000", "说文说", topic="LY")]
    write_lips(tmp_path, {"train": train, "test": [LipsExample("3_20_M_KJ_000", "文新新")]}, licensed=True)
    rows = [one.row() for one in train] + [("4_20_M_KJ_000", "KJ", "", "", "KJ/none.mp4", "文")]
    (tmp_path / "meta_train.csv").write_text(table_file(rows), encoding="utf-8")
    assert stats_main(["--data-root", str(tmp_path), "--max-frames", "12"]) == 0
    found = json.loads(capsys.readouterr().out)
    one = found["splits"]["train"]
    assert (one["clips"], one["speakers"], one["topics"]) == (2, 2, {"KJ": 1, "LY": 1})
    assert one["frames"] == {"least": 10, "mean": 12.5, "most": 15}
    assert one["cut"] == {"max_frames": 12, "share": 0.5}
    assert found["splits"]["test"]["outside_vocabulary"] == {"characters": 2, "different": 1}
    assert (found["vocabulary"], found["left_out"]) == (3, {"VIDEO_MISSING": 1})
    assert "left out: 1 (VIDEO_MISSING 1)" in found["text"]
    assert "longer than 12 frames and cut: 50.0%" in found["text"]


def test_it_loads_no_torch() -> None:
    code = "import sys, services.training.recipes.lips.stats_command; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
