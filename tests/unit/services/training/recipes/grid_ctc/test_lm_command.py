"""A language model of the training texts alone, in a file that appears whole."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from grid_records import MadeClip, write_shards

from services.base.errors import BadConfig
from services.lips.language_model.arpa import arpa_of
from services.training.recipes.grid_ctc.lm_command import lm_main


@pytest.fixture
def root(tmp_path: Path) -> Path:
    train, val = [MadeClip("s1", "a", "bin"), MadeClip("s1", "b", "bin")], [MadeClip("s1", "v", "zoo")]
    write_shards(tmp_path / "out", {"train": [train], "val": [val], "test": [[MadeClip("s2", "t", "no")]]})
    return tmp_path / "out"


def counted(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    assert lm_main(argv) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_texts_of_training_clips_are_counted_over_the_alphabet(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = root.parent / "models" / "lm.arpa"
    found = counted(capsys, "--data-root", str(root), "--output", str(file), "--order", "3")
    n_grams = arpa_of(file.read_bytes())
    assert (found["sentences"], found["n_grams"], n_grams.order) == (2, len(n_grams), 3)
    # What validation and test say was not counted; their characters are those of the alphabet.
    assert n_grams.log10_prob("", "o") == n_grams.log10_prob("", "q") and "no" not in n_grams
    assert found["perplexity"] < found["perplexity_of_val"]
    assert f"{found['perplexity_of_val']:.2f} of 1 of val\nlm: {found['sha256']}" in found["text"]


def test_texts_of_a_file_are_counted_alone_or_beside_the_clips(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts, output = root.parent / "texts.txt", str(root.parent / "lm.arpa")
    texts.write_text("今天  天气\r\n\n 很好 \n", encoding="utf-8-sig")
    found = counted(capsys, "--text", str(texts), "--output", output)
    assert (found["sentences"], found["order"], found["perplexity_of_val"]) == (2, 6, None)
    assert "今天 天" in arpa_of(Path(output).read_bytes()).log10_probs
    beside = counted(capsys, "--text", str(texts), "--data-root", str(root), "--output", f"{output}2")
    assert beside["sentences"] == 4


def test_the_same_texts_are_the_same_file_and_another_one_is_left_alone(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = root.parent / "lm.arpa"
    flags = ["--data-root", str(root), "--output", str(output)]
    assert counted(capsys, *flags) == counted(capsys, *flags)
    before = output.read_bytes()
    with pytest.raises(BadConfig) as refused:
        lm_main([*flags, "--order", "2"])
    assert refused.value.reason == "OUTPUT_EXISTS" and output.read_bytes() == before
    assert [path.name for path in root.parent.iterdir()].count("lm.arpa") == 1


def test_a_file_without_texts_or_in_no_utf_8_is_refused(tmp_path: Path) -> None:
    for data, reason in ((b"\n \n", "NO_TEXTS"), ("a\n你".encode("gb18030"), "BAD_TEXTS")):
        (tmp_path / "texts").write_bytes(data)
        with pytest.raises(BadConfig) as refused:
            lm_main(["--text", str(tmp_path / "texts"), "--output", str(tmp_path / "lm.arpa")])
        assert refused.value.reason == reason and not (tmp_path / "lm.arpa").exists()


def test_it_loads_no_torch() -> None:
    code = "import sys, services.training.recipes.grid_ctc.lm_command; print({'torch', 'jiwer'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
