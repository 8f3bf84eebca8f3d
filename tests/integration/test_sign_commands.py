"""The command line where no clip is carried: from a folder of others' modules, and what it says of odd files."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

from orchestrator.cli.main import build_parser
from orchestrator.cli.runs.request import request_of
from orchestrator.pipelines.sign.pipeline import PIPELINE


def visemill(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """As the installed program runs, in a folder: which is not on its path."""
    argv = [sys.executable, "-P", "-m", "orchestrator.cli.main", *map(str, words), "-o", "json"]
    return subprocess.run(argv, capture_output=True, text=True, cwd=folder, timeout=120, check=False)


def test_modules_in_the_users_folder_are_not_taken_for_ours(tmp_path):
    for name in ("services", "numpy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not of this program')\n")
    done = visemill(tmp_path, "models", "list")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "inception_v3" in json.loads(done.stdout)["networks"]


def test_the_command_beside_an_odd_file_is_one_that_runs(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.mp4").touch()
    (tmp_path / "in" / "clip.mp4").write_text("listed, not read")
    roots = ("in", "out", "--write-keypoints", "--sampling=all")
    assert visemill(tmp_path, "pin", "sign", *roots).returncode == 0
    status = json.loads(visemill(tmp_path, "status", "--output-root", "out", "--quarantine").stdout)
    (line,) = status["quarantine"]
    program, *words = shlex.split(line["reproduce"])
    flags = build_parser().parse_args(words)
    assert (line["reason"], program, flags.sampling) == ("EMPTY_FILE", "visemill", "all")
    assert flags.input_root == str(tmp_path / "in")
    assert [name for name, _ in PIPELINE.stages(request_of(flags).options)] == ["decode", "keypoints", "signfiles"]
