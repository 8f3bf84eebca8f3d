"""Several named data sets in one output root, on real clips: at once, killed, resumed and verified from the root."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.cli.main import main
from orchestrator.runs.claim.lease import Lease

ROOT = Path(__file__).resolve().parents[2]
CLIPS = {"am": ("bbaf2n", "bras8p", "lbad6n"), "zh": ("lrae3s",)}
FLAGS = ["--num-shards", "3", "--workers", "1", "--quiet"]
LIMIT_S = 120


def tree(folder: Path) -> dict[str, str]:
    """Digests of the published files."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".visemill" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def inputs(testdata: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """--dataset for each: clips of one speaker, as GRID has them."""
    folder, corpus = tmp_path_factory.mktemp("inputs"), testdata / "data" / "grid" / "s1_processed"
    for name, clips in CLIPS.items():
        (folder / name / "s1_processed" / "align").mkdir(parents=True)
        for clip in clips:
            for file in (f"{clip}.mpg", f"align/{clip}.align"):
                shutil.copy(corpus / file, folder / name / "s1_processed" / file)
    return [f"--dataset={name}={folder / name}" for name in CLIPS]


@pytest.fixture(scope="module")
def both(inputs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of one command that runs both."""
    out = tmp_path_factory.mktemp("both") / "out"
    assert main(["run", "grid", *inputs, "--output-root", str(out), *FLAGS]) == 0
    return out


def start(named: str, out: Path) -> subprocess.Popen[str]:
    words = ["run", "grid", named, "--output-root", str(out), *FLAGS, "-o", "json"]
    argv = [sys.executable, "-m", "orchestrator.cli.main", *words]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)


def answers(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, dict[str, object]]:
    """What a command on the root answers of each data set."""
    capsys.readouterr()
    assert main([*words, "-o", "json"]) == code
    answer = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == code
    return {one["dataset"]: one for one in answer["datasets"]}


def has_a_commit(out: Path) -> bool:
    return any(out.glob(".visemill/runs/*/shards/*/done.json"))


def test_two_run_at_once_and_the_one_that_is_killed_is_resumed_from_the_root(
    inputs: list[str], both: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes ten seconds: three runs, each of which loads its models."""
    out = tmp_path / "out"
    killed, left = (start(named, out) for named in inputs)
    try:
        until_s = time.monotonic() + LIMIT_S
        while not has_a_commit(out / "am"):
            assert killed.poll() is None, killed.communicate()
            assert time.monotonic() < until_s
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
        assert left.wait(LIMIT_S) == 0, left.communicate()
        assert killed.wait(LIMIT_S) == -signal.SIGKILL
    finally:
        for process in (killed, left):
            process.kill()
            process.communicate()

    root = ["--output-root", str(out)]
    found = answers(capsys, "status", *root)
    assert {name: one["finished"] for name, one in found.items()} == {"am": False, "zh": True}
    found = answers(capsys, "resume", *root, "--workers", "1", "--quiet")
    assert {name: one["nothing_to_do"] for name, one in found.items()} == {"am": False, "zh": True}
    assert {name: one["counts"]["clips"] for name, one in found.items()} == {"am": 3, "zh": 1}
    assert tree(out) == tree(both)
    found = answers(capsys, "verify", *root)
    assert {name: one["problems"] for name, one in found.items()} == {"am": [], "zh": []}

    changed = next(path for path in (out / "zh").glob("train-*") if path.stat().st_size)
    os.truncate(changed, changed.stat().st_size - 1)
    found = answers(capsys, "verify", *root, code=65)
    assert {name: len(one["problems"]) for name, one in found.items()} == {"am": 0, "zh": 1}


def test_one_name_is_not_run_twice_at_once_and_keeps_none_of_the_others_from_their_runs(
    inputs: list[str], both: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Lease(str(both / "am"), "another"):
        found = answers(capsys, "resume", "--output-root", str(both), "--workers", "1", "--quiet", code=78)
    assert found["am"]["error"]["reason"] == "OUTPUT_IN_USE"
    assert found["zh"]["nothing_to_do"] is True


def test_the_root_of_named_data_sets_is_no_output_of_a_run(
    inputs: list[str], both: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    input_root = inputs[0].partition("=am=")[2]
    capsys.readouterr()
    assert main(["run", "grid", "--input-root", input_root, "--output-root", str(both), *FLAGS, "-o", "json"]) == 78
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "ROOT_HOLDS_DATASETS"


def test_all_are_planned_before_any_is_run(
    inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    words = [inputs[0], f"--dataset=none={tmp_path / 'empty'}", "--output-root", str(tmp_path / "out")]
    capsys.readouterr()
    assert main(["run", "grid", *words, *FLAGS, "-o", "json"]) == 78
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "NO_CLIPS"
    assert not (tmp_path / "out").exists()


def test_landmarks_are_shared_by_data_sets_with_one_state_root(
    inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    input_root = inputs[1].partition("=zh=")[2]
    words = [f"--dataset={name}={input_root}" for name in ("rgb", "again")]
    roots = ["--output-root", str(tmp_path / "out"), "--state-root", str(tmp_path / "state")]
    first = answers(capsys, "run", "grid", words[0], *roots, *FLAGS)
    second = answers(capsys, "run", "grid", words[1], *roots, *FLAGS, "--run", "again")
    assert (first["rgb"]["reused"], second["again"]["reused"]) == ({}, {"landmarks": 1})
    found = answers(capsys, "verify", *roots[:2])
    assert {name: one["problems"] for name, one in found.items()} == {"again": [], "rgb": []}


def test_named_data_sets_in_an_object_store(
    inputs: list[str],
    both: Path,
    s3_server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    bucket = s3_server.new_bucket()
    root = ["--output-root", f"s3://{bucket}/out"]
    again = inputs[1].replace("=zh=", "=again=")
    found = answers(capsys, "run", "grid", inputs[1], again, *root, *FLAGS)
    assert {name: one["finished"] for name, one in found.items()} == {"again": True, "zh": True}
    assert {name: one["problems"] for name, one in answers(capsys, "verify", *root).items()} == {"again": [], "zh": []}
    for name, sha256 in tree(both / "zh").items():
        data = s3_server.client().get_object(bucket, f"out/zh/{name}").data
        assert hashlib.sha256(data).hexdigest() == sha256, name
    input_root = inputs[1].partition("=zh=")[2]
    assert main(["run", "grid", "--input-root", input_root, *root, *FLAGS, "-o", "json"]) == 78
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "ROOT_HOLDS_DATASETS"
