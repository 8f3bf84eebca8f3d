"""Several processes of one run of speech, one of them killed: every clip once, and the bytes of a single process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tts_corpus import spoken, tiny_config, tokenizer, write_manifest

from orchestrator.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 240


def published(folder: Path) -> dict[str, bytes]:
    """Without the run's state."""
    found = [path for path in folder.rglob("*") if path.is_file() and ".visemill" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def workers_of(pid: int) -> list[int]:
    """Process ids of the workers that a run has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in children if b"\0work\0" in Path(f"/proc/{one}/cmdline").read_bytes()]


def test_extraction_by_several_processes_writes_clips_twice(
    testdata: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Takes twenty seconds: a run of two processes, of which one is started again, and one of a single process."""
    manifest = write_manifest(tmp_path / "corpus" / "manifest.jsonl", spoken(testdata))
    what = ["--manifest", manifest, "--tokenizer", tokenizer(testdata), "--config", tiny_config(tmp_path)]
    command = ["run", "tts", *map(str, what), "--num-shards", "4", "--val-count", "1", "--quiet"]
    one, two = tmp_path / "one", tmp_path / "two"

    words = [*command, "--num-processes", "2", "--output-dir", str(two)]
    argv = [sys.executable, "-m", "orchestrator.cli.main", *words]
    run = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        until_s = time.monotonic() + LIMIT_S
        while len(workers := workers_of(run.pid)) < 2 or not any(two.glob(".visemill/runs/*/shards/*/done.json")):
            assert run.poll() is None and time.monotonic() < until_s, run.communicate()
            time.sleep(0.01)
        os.kill(workers[0], signal.SIGKILL)
        # Meanwhile nobody else may write there. A worker that stands still keeps the run from its end until then.
        os.kill(workers[1], signal.SIGSTOP)
        capsys.readouterr()
        try:
            assert main([*words, "-o", "json"]) == 78
        finally:
            os.kill(workers[1], signal.SIGCONT)
        assert json.loads(capsys.readouterr().out)["error"]["reason"] == "OUTPUT_IN_USE"
        text = run.communicate(timeout=LIMIT_S)[0]
        assert run.returncode == 0, text
    finally:
        run.kill()
        run.communicate()

    ids = [json.loads(line)["id"] for path in two.glob("*_manifest.jsonl") for line in path.open()]
    assert sorted(ids) == sorted(line["id"] for line in spoken(testdata))
    assert main([*command, "--num-processes", "1", "--output-dir", str(one)]) == 0
    assert published(one) == published(two)
    assert main(["resume", "--output-root", str(two), "--num-processes", "2"]) == 0
    assert published(one) == published(two)
