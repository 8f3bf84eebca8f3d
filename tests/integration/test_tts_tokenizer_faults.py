"""A tokenizer or a checkpoint that is not the run's any more, or none at all: refused by name, before anything is
computed.
"""

import hashlib
import json
import os
from pathlib import Path

import pytest
import torch
from tts_corpus import spoken, tiny_config, tokenizer, write_manifest

from orchestrator.cli.main import main
from services.features.runtimes.weights import seeded_weights
from services.features.speech.voice import VoiceConditioner
from services.features.tts.models import model_files
from services.features.tts.opening import shapes_of
from services.features.tts.spec import SpeechConfig


class RunsCode:
    """A pickle of it makes a folder where it is loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def checkpoint(path: Path, config: Path, seed: int) -> Path:
    """A gpt.pth that fits the config, whose table of texts has room for two pieces."""
    voice = VoiceConditioner(shapes_of(model_files(SpeechConfig(config=str(config))))[2])
    tensors = seeded_weights(seed, {name: tuple(tensor.shape) for name, tensor in voice.state_dict().items()})
    torch.save({**tensors, "text_embedding.weight": torch.zeros(3, 4)}, path)
    return path


def refused(*words: object, capsys: pytest.CaptureFixture[str]) -> str:
    """The whole answer of a command that exits 78."""
    code = main([*map(str, words), "-o", "json"])
    found = capsys.readouterr()
    assert code == 78, found.err
    return found.out


def test_a_tokenizer_and_a_checkpoint_that_changed_on_disk(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes some twenty seconds: each command asks the stages for their models, or starts a worker that does."""
    manifest = write_manifest(tmp_path / "manifest.jsonl", spoken(testdata)[:1])
    model, other, out = tmp_path / "t.model", tmp_path / "other.model", tmp_path / "out"
    model.write_bytes(tokenizer(testdata).read_bytes())
    lines = write_manifest(tmp_path / "am.jsonl", [{"id": str(i), "text": "ሰላም ለዓለም"} for i in range(5)])
    argv = ["--base-model", model, "--manifests", lines, "--output-model", other, "--target-size", 12_003]
    assert main([*map(str, ["extend-tokenizer", *argv])]) == 0
    config = tiny_config(tmp_path)
    gpt = checkpoint(tmp_path / "gpt.pth", config, seed=1)
    what = ["--manifest", manifest, "--config", config, "--gpt-checkpoint", gpt, "--output-dir"]
    assert main([*map(str, ["pin", "tts", *what, out, "--tokenizer", model])]) == 0
    assert "--tokenizer has 12000 pieces and the checkpoint's table of texts 2" in capsys.readouterr().out

    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (model, other)]
    model.write_bytes(other.read_bytes())
    answer = refused("resume", "--output-root", out, "--progress", "json", capsys=capsys)
    assert "MODEL_CHANGED" in answer
    assert all(f"tokenizer sha256:{digests[0]}" in answer and digest in answer for digest in digests)
    answer = refused("run", "tts", *what, out, "--tokenizer", other, capsys=capsys)
    assert json.loads(answer)["error"]["reason"] == "OTHER_RUN"
    assert f"tokenizer sha256:{digests[0]} against sha256:{digests[1]}" in answer

    model.write_bytes(tokenizer(testdata).read_bytes())
    before = hashlib.sha256(gpt.read_bytes()).hexdigest()
    checkpoint(gpt, config, seed=2)
    answer = refused("resume", "--output-root", out, "--progress", "json", capsys=capsys)
    assert "MODEL_CHANGED" in answer
    assert all(digest in answer for digest in (before, hashlib.sha256(gpt.read_bytes()).hexdigest()))

    torch.save(RunsCode(tmp_path / "made"), gpt)
    error = json.loads(refused("run", "tts", *what, tmp_path / "new", "--tokenizer", model, capsys=capsys))["error"]
    assert error["reason"] == "WEIGHTS_UNREADABLE"
    assert f"--gpt-checkpoint {gpt} is a pickle" in error["message"]
    assert not (tmp_path / "made").exists()

    model.write_bytes(other.read_bytes()[:1000])
    error = json.loads(refused("run", "tts", *what, tmp_path / "new", "--tokenizer", model, capsys=capsys))["error"]
    assert error["reason"] == "MODEL_UNREADABLE"
    assert str(model) in error["message"]
    assert not (tmp_path / "new").exists()
    assert not list(out.glob("text_ids/*"))
