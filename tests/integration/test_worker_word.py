"""What a worker leaves in its termination log, for the status of its pod."""

import json
import subprocess
import sys
from pathlib import Path


def work(tmp_path: Path, *flags: str) -> tuple[int, dict[str, str]]:
    log = tmp_path / "termination-log"
    argv = [sys.executable, "-m", "services", "decode,landmarks,records", "work", "--state-root", str(tmp_path)]
    done = subprocess.run(
        [*argv, "--run", "r", "--shards", "0", "--termination-log", str(log), *flags],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, json.loads(log.read_text()) if log.exists() else {}


def test_a_run_that_is_not_there_is_told_with_its_class_and_reason(tmp_path):
    code, word = work(tmp_path)
    assert code == 78
    assert (word["kind"], word["reason"], word["shards"]) == ("BAD_CONFIG", "NO_RUN", "")
    assert "visemill run" in word["message"]


def test_words_stay_below_what_kubernetes_keeps(tmp_path):
    (tmp_path / "runs" / "r").mkdir(parents=True)
    (tmp_path / "runs" / "r" / "run.json").write_text(json.dumps({"schema_version": "ä" * 5000}))
    code, word = work(tmp_path)
    assert code == 78 and word["reason"] == "SCHEMA_CHANGED"
    assert len((tmp_path / "termination-log").read_bytes()) < 4096


def test_a_log_that_cannot_be_written_changes_no_exit_code(tmp_path):
    code, word = work(tmp_path, "--termination-log", str(tmp_path / "none" / "log"))
    assert (code, word) == (78, {})
