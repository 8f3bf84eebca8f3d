"""What is tried before a run of speech: whether its GPU is there, and how many codes its number format changes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tts_corpus import CONFIG, spoken, tokenizer, write_manifest

from orchestrator.cli.main import main

BAD_CONFIG = 78


@pytest.fixture
def pin(testdata: Path, tmp_path: Path) -> list[str]:
    """Two clips, and networks that know one code alone: no number format changes it."""
    manifest = write_manifest(tmp_path / "manifest.jsonl", [spoken(testdata)[0], spoken(testdata)[2]])
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("codebook_size: 64", "codebook_size: 1"))
    words = ["pin", "tts", "--manifest", manifest, "--tokenizer", tokenizer(testdata), "--config", config]
    return [*map(str, words), "--output-dir", str(tmp_path / "out")]


def pinned(output: Path) -> dict[str, Any]:
    (run_file,) = output.glob(".visemill/runs/*/run.json")
    stages = {stage["name"]: stage["config"] for stage in json.loads(run_file.read_text())["stages"]}
    speech: dict[str, Any] = stages["speech"]
    return speech


def test_a_gpu_that_is_not_there_is_refused_before_anything_is_written_and_auto_is_named(
    pin: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Takes half a minute where cores are short: each of the services' commands loads torch."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert main(["run", *pin[1:], "--device", "cuda"]) == BAD_CONFIG
    said = capsys.readouterr().err
    assert "NO_GPU: --device cuda asks for a GPU here" in said and "take --device auto" in said
    assert not (tmp_path / "out").exists()
    # Of machines that are not this one nothing is asked.
    assert main([*pin, "--workers-device", "cuda"]) == 0
    assert pinned(tmp_path / "out")["device"] == "cuda"


def test_another_number_format_is_tried_once_and_the_share_is_told(
    pin: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes half a minute: each of the services' commands loads torch."""
    pin += ["--device", "cpu", "--dtype", "bfloat16"]
    assert main(pin) == 0
    said = capsys.readouterr().out
    assert re.search(r"--dtype bfloat16 changes 0 of [0-9]{3} codes \(0\.00%\) of a sample of 2 clips", said), said
    assert pinned(tmp_path / "out")["dtype"] == "bfloat16"
    # What the output holds already is not tried anew.
    assert main(pin) == 0
    assert "--dtype" not in capsys.readouterr().out
