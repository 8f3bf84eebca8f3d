"""`visemill retokenize`, with the pipeline's name, without it, and as the script that it replaces."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.cli.main import main
from orchestrator.cli.parsing.originals import translate_original
from orchestrator.pipelines.tts.tools.retokenizing import RetokenizeOptions
from services.base.errors import EXIT_OK, BadConfig
from services.text.tokenizer import Tokenizer


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "train_manifest.jsonl"
    path.write_text(json.dumps({"id": "a", "text": "hello", "mine": 1, "audio_path": "a.wav"}) + "\n")
    return path


@pytest.mark.parametrize("command", [["retokenize", "tts"], ["retokenize"], ["process_text_ids.py"]])
def test_a_manifest_and_its_ids(
    command: list[str], manifest: Path, testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = testdata / "weights" / "indextts2_bpe.model"
    argv = ["--manifest", str(manifest), "--tokenizer", str(model), "--output_dir", str(tmp_path / "new")]
    assert main([*command, *argv, "-o", "json"]) == EXIT_OK
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (answer["num_encoded"], answer["unknown_share"]) == (1, 0)
    record = json.loads((tmp_path / "new" / manifest.name).read_text())
    assert (record["mine"], record["audio_path"], record["text_ids_path"]) == (1, "a.wav", "text_ids/a.npy")
    ids_N = np.load(tmp_path / "new" / "text_ids" / "a.npy")
    assert ids_N.tolist() == Tokenizer(model).encode("hello").ids_N.tolist()


def test_the_script_reads_japanese_where_nothing_else_is_said() -> None:
    assert translate_original(["process_text_ids", "--romanize"])[0] == [
        "retokenize", "tts", "--language=ja", "--romanize",
    ]  # fmt: skip


def test_failures_are_those_of_the_service(manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--manifest", str(manifest), "--tokenizer", str(manifest), "--output-dir", str(tmp_path / "new")]
    assert main(["retokenize", *argv]) == 78
    assert "MODEL_UNREADABLE" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["manifest", "tokenizer", "output_dir"])
def test_what_is_needed(missing: str) -> None:
    given = {"manifest": "a", "tokenizer": "b", "output_dir": "c"}
    del given[missing]
    with pytest.raises(BadConfig, match=f"--{missing.replace('_', '-')} is missing"):
        RetokenizeOptions(**given)
