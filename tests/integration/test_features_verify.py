"""A model repository in which something is not as it was written: `models verify` names it, and nothing else."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")
pytest.importorskip("tritonclient", reason="the triton extra is not installed")

from services.base.errors import BadConfig
from services.features.spec import FeaturesConfig
from services.features.triton.repository import export_network
from services.triton.config import Serving
from services.triton.verify import verify_repository

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    export_network(folder, "semantic", FeaturesConfig(), Serving())
    return folder


@pytest.fixture
def repository(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "models"))


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def flip_network(model: Path) -> None:
    data = bytearray((model / "1/model.onnx").read_bytes())
    data[-1] ^= 1
    (model / "1/model.onnx").write_bytes(data)


def other_answer(model: Path) -> None:
    np.save(model / "1/check.npy", 2 * np.load(model / "1/check.npy"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (flip_network, ("1/model.onnx has sha256", "its card says")),
        (other_answer, ("onnxruntime differs from the network by",)),
        (lambda model: (model / "1/check.npy").unlink(), ("check.npy", "No such file")),
        (lambda model: (model / "1/model.json").write_text("{}"), ("1/model.json does not describe a model",)),
        (
            lambda model: changed(model / "config.pbtxt", "seeded:0", "seeded:7"),
            ("config.pbtxt says weights seeded:7, the latest version has seeded:0",),
        ),
        (
            lambda model: changed(model / "config.pbtxt", 'name: "lengths"', 'name: "sizes"'),
            ("config.pbtxt has the inputs sequences, sizes, the network has sequences, lengths",),
        ),
        (lambda model: changed(model / "config.pbtxt", "backend", "backends"), ("not one that Triton loads",)),
        (lambda model: (model / "1/model.py").write_text(""), ("1/model.py is not the one of this visemill",)),
        (lambda model: shutil.rmtree(model / "1"), ("it has no version",)),
    ],
)
def test_what_is_not_as_it_was_written_is_named_alone(
    repository: Path, spoil: Callable[[Path], object], words: tuple[str, ...]
) -> None:
    assert [finding.problems for finding in verify_repository(repository)] == [()]
    spoil(repository / "semantic")
    (finding,) = verify_repository(repository)
    (problem,) = finding.problems
    assert all(word in problem for word in words), problem


def test_the_command_says_it_and_exits_as_a_wrong_setting_does(repository: Path) -> None:
    flip_network(repository / "semantic")
    argv = [sys.executable, "-m", "services.features.triton.repository", "verify", "-o", "json", str(repository)]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == BadConfig.exit_code, done.stderr
    (model,) = json.loads(done.stdout)["models"]
    assert (model["model"], model["version"], len(model["problems"])) == ("semantic", 1, 1)


def test_a_server_that_does_not_answer_costs_patience_once_and_not_in_silence(repository: Path) -> None:
    shutil.copytree(repository / "semantic", repository / "semantic_too")
    for name in ("config.pbtxt", "1/model.json"):
        changed(repository / "semantic_too" / name, '"semantic"', '"semantic_too"')
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        server = f"127.0.0.1:{nobody.getsockname()[1]}"
        argv = [sys.executable, "-m", "orchestrator.cli.main", "models", "verify", str(repository), "--server", server]
        environment = {**os.environ, "VISEMILL_RPC_PATIENCE_S": "2"}
        done = subprocess.run(
            [*argv, "-o", "json"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
    assert done.returncode == BadConfig.exit_code, done.stderr
    first, second = json.loads(done.stdout)["models"]
    assert "check that the server runs" in first["problems"][0]
    assert second["problems"] == [f"{server} was not checked: it did not answer for semantic"]
    assert "trying again" in done.stderr
