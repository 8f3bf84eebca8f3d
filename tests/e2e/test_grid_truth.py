"""A run tells the truth about itself: limits, settings, lost files, attempts, and workers that are asked to stop."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def junk(corpus: Any, stem: str, speaker: str) -> None:
    """A failed download under a clip's name."""
    corpus.copy("bbaf2n", f"{speaker}_processed/{stem}.mpg", f"{speaker}_processed/align/{stem}.align")
    corpus.path(f"{speaker}_processed/{stem}.mpg").write_text("<html>404 not found</html>")


def split_file(tmp_path: Path) -> Path:
    path = tmp_path / "split.yaml"
    path.write_text("train_speakers: [s1]\nval_speakers: [s2]\n")
    return path


def test_the_limit_on_failures_holds_when_all_shards_are_done(here: Any, corpus: Any, out: Path) -> None:
    corpus.add("bbaf2n")
    junk(corpus, "bbaf3s", "s1")
    run = ("run", "grid", "--input-root", corpus.root, "--output-root", out, "--num-shards", 2)
    assert here.run(*run, "--max-failures", 0).code == 65
    again = here.run("resume", "--output-root", out, "--max-failures", 0)
    assert again.code == 65
    assert [path.name for path in out.iterdir()] == [".visemill"]
    here.ok("resume", "--output-root", out, "--max-failures", 1, code=3)
    assert len(list(out.glob("train-*.tfrecord"))) == 2


def test_a_setting_that_decides_which_clips_come_out_makes_another_run(here: Any, corpus: Any, out: Path) -> None:
    corpus.add("bbaf2n")
    run = ("run", "grid", "--input-root", corpus.root, "--output-root", out, "--num-shards", 1)
    assert here.run(*run, "--max-pixels", 1000).code == 65
    assert "max_pixels" in here.refused(*run, reason="OTHER_RUN")


def test_failed_downloads_that_are_alike_are_no_leak(here: Any, corpus: Any, out: Path, tmp_path: Path) -> None:
    corpus.add("bbaf2n", speaker="s1").add("bbaf3s", speaker="s2")
    junk(corpus, "bras8p", "s1")
    junk(corpus, "bras8p", "s2")
    run = ("run", "grid", "--input-root", corpus.root, "--output-root", out, "--num-shards", 1)
    data = here.ok(*run, "--split-config", split_file(tmp_path), code=3)
    assert data["records"] == {"train": 1, "val": 1, "test": 0}
    assert data["reasons"] == {"OPEN_FAILED": 2}


def test_a_file_that_is_lost_before_a_run_is_finished_is_made_again(
    here: Any, finished_grid: Any, tree_digest: Any, tmp_path: Path
) -> None:
    out = finished_grid.copy(tmp_path).outputs
    next((out / ".visemill" / "runs").glob("*/finished.json")).unlink()
    max(out.glob("train-*.tfrecord"), key=lambda path: path.stat().st_size).unlink()
    here.ok("resume", "--output-root", out)
    assert tree_digest(out) == finished_grid.digest


def test_a_plan_warns_of_what_a_run_would_leave_out(here: Any, corpus: Any, out: Path) -> None:
    corpus.add("bbaf2n")
    corpus.path("s1_processed/align/bbaf2n.align").write_text("this is no align\n")
    data = here.ok(
        "plan", "grid", "--input-root", corpus.root, "--output-root", out, "--num-shards", 1, "--sample", 0, code=3
    )
    assert [problem["reason"] for problem in data["problems"]] == ["BAD_ALIGN"]


@pytest.fixture
def undone(finished_grid: Any, tmp_path: Path) -> Path:
    """The commit of the first shard of a finished run, which is taken away; its attempt was the first."""
    out = finished_grid.copy(tmp_path).outputs
    done: Path = next((out / ".visemill" / "runs").glob("*/shards/00000-*/done.json"))
    assert json.loads(done.read_text())["attempt"] == 1
    done.unlink()
    return done


def worker(done: Path, **pipes: Any) -> subprocess.Popen[str]:
    """The `work` entry point of the run that a commit is of, waiting for shards on its standard input."""
    run, state = done.parents[2], done.parents[4]
    argv = [sys.executable, "-m", "services", "decode,landmarks,records", "work", "--shards", "-"]
    argv += ["--state-root", str(state), "--run", run.name]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **pipes)


def test_a_worker_that_waits_for_a_shard_stops_when_it_is_asked_to(undone: Path) -> None:
    with worker(undone) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "ready"
        process.send_signal(signal.SIGTERM)
        # Its standard input stays open: nothing else could end it.
        assert process.wait(timeout=60) == 0
        assert process.stdout.read() == ""
    assert not undone.exists()


def test_attempts_are_counted_where_they_are_told(undone: Path) -> None:
    with worker(undone) as process:
        process.communicate("0 3\n", timeout=120)
        assert process.returncode == 0
    assert json.loads(undone.read_text())["attempt"] == 3


def test_a_state_that_cannot_be_read_ends_the_shard_and_does_not_hang(undone: Path) -> None:
    (undone.parent / "quarantine.jsonl").write_text('{"key": "s1/bb')
    with worker(undone, stderr=subprocess.PIPE) as process:
        process.communicate("0 1\n", timeout=120)
        assert process.returncode not in (0, None)


def test_clips_of_one_name_are_told_apart_when_they_are_made_again(here: Any, corpus: Any, out: Path) -> None:
    corpus.add("bbaf2n", "bbaf3s", speaker="s1")
    corpus.copy("bras8p", "s2_processed/bbaf2n.mpg", "s2_processed/align/bbaf2n.align")
    here.ok("run", "grid", "--input-root", corpus.root, "--output-root", out, "--num-shards", 1)
    data = here.ok("verify", "--output-root", out, "--recompute", "100%")
    assert (data["recomputed"], data["problems"]) == (3, [])
