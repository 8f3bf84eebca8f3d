"""docs/features.md: a Triton on one machine, by the document's own blocks, in order, in one shell.

Takes longer than 20 s: a network is exported, served and compared. Only the environment is not installed again.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "features.md"
SECTION = "## A Triton on one machine"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    pid = tmp_path / "triton.pid"
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGKILL)


def blocks() -> str:
    """The shell blocks of the section, as one script."""
    section = DOCUMENT.read_text().partition(SECTION)[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


def test_the_documents_steps_lead_to_a_server_that_passes_its_verification(triton_venv: Path, folder: Path) -> None:
    """Over 20 s: networks are exported, and a server loads each."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = blocks()
    substitutions = {
        "python3 -m venv triton-env": f"ln -s {triton_venv} triton-env",
        "triton-env/bin/pip install nvidia-pytriton==0.7.0 onnxruntime 'numpy<2'": "true",
        "8001": str(port),
    }
    for words, others in substitutions.items():
        assert words in script
        script = script.replace(words, others)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with (folder / "said.log").open("w") as log:
        argv = ["bash", "-eu", "-o", "pipefail", "-c", script]
        code = subprocess.run(
            argv, check=False, cwd=folder, env=environment, stdout=log, stderr=log, timeout=500
        ).returncode
    said = (folder / "said.log").read_text()
    assert code == 0, f"{said}\n{(folder / 'triton.log').read_text()[-2000:]}"
    assert f"serves 127.0.0.1:{port}" in said
    assert "inception_v3" in said.partition("serves 127.0.0.1")[2]
