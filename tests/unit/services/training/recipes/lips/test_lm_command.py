"""Training texts of the tables, or of records, are counted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lips_data import LipsExample, table_file

from services.base.errors import BadConfig
from services.formats.lips_clips import CLIPS_FILE, LipsClipRow, encode_clips
from services.lips.language_model.arpa import arpa_of
from services.training.recipes.lips.lm_command import lm_main, texts_of

TRAIN = [LipsExample("1_20_M_KJ_001", "文字"), LipsExample("1_20_M_KJ_002", "文说"), LipsExample("1_20_M_KJ_003", "")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "meta_train.csv").write_text(table_file([one.row() for one in TRAIN]), encoding="utf-8")
    (folder / "meta_valid.csv").write_text(table_file([LipsExample("2_20_M_KJ_001", "字").row()]), encoding="utf-8")
    return folder


def test_lines_of_the_training_table_are_counted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = root.parent / "lm.arpa"
    assert lm_main(["--data-root", str(root), "--output", str(output), "--order", "2"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sentences"], found["order"]) == (2, 2)
    assert found["perplexity_of_val"] > found["perplexity"]
    n_grams = arpa_of(output.read_bytes())
    assert n_grams.log10_prob("文", "字") == n_grams.log10_prob("文", "说") > n_grams.log10_prob("字", "说")


def test_records_have_their_texts_in_their_table(root: Path) -> None:
    rows = [LipsClipRow("a", split, 0, 0, "1", "KJ", text, 9, "x") for split, text in (("train", "甲"), ("test", "乙"))]
    (root / CLIPS_FILE).write_bytes(encode_clips(rows))
    found = texts_of(str(root))
    assert (found["train"], found["val"]) == (["甲"], [])


def test_without_a_training_text_it_is_said_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="NO_TRAIN_CLIPS"):
        texts_of(str(tmp_path))


def test_it_loads_no_torch_and_no_decoder() -> None:
    code = "import sys, services.training.recipes.lips.lm_command; print({'torch', 'av'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
