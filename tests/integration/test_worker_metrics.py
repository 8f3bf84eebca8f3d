"""A worker's numbers over HTTP, while it works on clips that are good, bad and reused from the cache."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


def _visemill(*words: object) -> dict[str, object]:
    argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words), "-o", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=True, cwd=ROOT)
    data: dict[str, object] = json.loads(done.stdout)
    return data


class Worker:
    """A worker that is fed shards and waits for the next, so that its numbers stay to be read."""

    def __init__(self, state: str, run: str, log: Path) -> None:
        words = ["decode,landmarks,records", "work", "--state-root", state, "--run", run, "--shards", "-"]
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services", *words, "--metrics-listen", "127.0.0.1:0"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=ROOT,
            )
        self._log = log

    def shard(self, number: int) -> None:
        """Has a shard done."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{number} 1\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if json.loads(line)["event"] == "shard_done":
                return
        raise AssertionError("the worker has ended")

    def numbers(self) -> dict[str, float]:
        """Sample with its labels -> value."""
        (port,) = re.findall(r"metrics on port (\d+)", self._log.read_text())
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
        return {f"{name}{{{labels}}}": float(value) for name, labels, value in SAMPLE.findall(text)}


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """On a run of six made clips and a broken one, in two shards; landmarks of the first shard's clips lie ready."""
    _visemill("demo-corpus", tmp_path / "in", "--speakers", 1, "--clips", 6, "--broken")
    roots = ("--input-root", tmp_path / "in", "--output-root", tmp_path / "out", "--num-shards", 2)
    pinned = _visemill("pin", "grid", *roots)
    started = Worker(str(pinned["state_root"]), str(pinned["run"]), tmp_path / "log")
    yield started
    started.process.kill()
    started.process.communicate(timeout=30)


@pytest.mark.slow
def test_a_worker_counts_what_it_does(worker: Worker) -> None:
    worker.shard(0)
    worker.shard(1)
    worker.shard(1)
    numbers = worker.numbers()
    good, bad = numbers['visemill_clips_total{outcome="ok"}'], numbers['visemill_clips_total{outcome="quarantined"}']
    assert good >= 6 and bad >= 1
    assert numbers["visemill_clip_seconds_count{}"] == good + bad
    assert numbers['visemill_shards_total{outcome="committed"}'] == numbers["visemill_shard_seconds_count{}"] == 2
    assert numbers['visemill_shards_total{outcome="skipped"}'] == 1
    assert numbers['visemill_artifacts_total{outcome="made"}'] >= good
    assert numbers["visemill_frames_total{}"] >= 75 * 6
    for stage in ("decode", "landmarks", "records"):
        assert numbers[f'visemill_stage_seconds_count{{stage="{stage}"}}'] >= good
    assert numbers["visemill_children_started_total{}"] >= 1
    assert numbers["process_resident_memory_bytes{}"] > 0
    assert not any(re.search(r'="s1/', name) for name in numbers)
