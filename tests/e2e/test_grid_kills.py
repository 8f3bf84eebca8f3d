"""A real run over every real clip that is killed twenty times: its orchestrator, its workers and their children."""

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

# Who dies, in turn. A clip whose child dies twice is set aside, so between two children the orchestrator goes.
VICTIMS = ("child", "worker", "orchestrator", "child", "orchestrator") * 4
CLIPS_BETWEEN = 2
LIMIT_S = 400


def children(parent: int) -> list[int]:
    """Living processes that it has started, in the order of their ids."""
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    return sorted(pid for pid in pids if parent_of(pid) == parent)


def parent_of(pid: int) -> int:
    """0 for one that has ended."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return 0
    return 0 if state == "Z" else int(parent)


def killed(kind: str, orchestrator: int) -> bool:
    """Whether the first process of that kind was there to be killed."""
    workers = children(orchestrator)
    found = {"orchestrator": [orchestrator], "worker": workers, "child": [c for w in workers for c in children(w)]}
    for pid in found[kind][:1]:
        os.kill(pid, signal.SIGKILL)
    return bool(found[kind])


def num_artifacts(out: Path) -> int:
    return sum(path.is_file() for path in (out / ".visemill" / "artifacts").rglob("[0-9a-f]*"))


class Lives:
    """One run, started again whenever its orchestrator has been killed."""

    def __init__(self, visemill: Any, inputs: Path, out: Path, log: Path) -> None:
        self._visemill = visemill
        self._inputs, self._out, self._log = inputs, out, log
        self._process: subprocess.Popen[str] | None = None

    def words(self) -> list[object]:
        """The command, until there is something to resume."""
        if list(self._out.glob(".visemill/runs/*/run.json")):
            return ["resume", "--output-root", self._out, "--workers", 2]
        roots = ["--input-root", self._inputs, "--output-root", self._out]
        return ["run", "grid", *roots, "--num-shards", 24, "--workers", 2]

    def pid(self) -> int:
        """Of the orchestrator, which is started if it was killed. It may not have ended by itself."""
        if self._process is not None and self._process.poll() is None:
            return self._process.pid
        assert self._process is None or self._process.returncode == -signal.SIGKILL, self._log.read_text()[-3000:]
        with self._log.open("a") as log:
            self._process = self._visemill.start(*self.words(), stdout=log, stderr=log)
        return self._process.pid

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)


def test_a_run_of_all_clips_killed_twenty_times_has_the_bytes_of_one_left_alone(
    visemill: Any, here: Any, finished_grid_all: Any, tree_digest: Any, tmp_path: Path
) -> None:
    """Takes over a minute: eight times a run starts from nothing, twelve times a part of it loads its models anew."""
    out, victims = tmp_path / "out", Counter[str]()
    lives = Lives(visemill, finished_grid_all.inputs, out, tmp_path / "log")
    until_s = time.monotonic() + LIMIT_S
    try:
        for number, kind in enumerate(VICTIMS, 1):
            # Each when two more clips have their landmarks, so that all fall into the work, spread over all of it.
            while num_artifacts(out) < CLIPS_BETWEEN * number or not killed(kind, lives.pid()):
                lives.pid()
                assert time.monotonic() < until_s, (number, kind, (tmp_path / "log").read_text()[-3000:])
                time.sleep(0.02)
            victims[kind] += 1
    finally:
        lives.end()
    assert victims == {"orchestrator": 8, "worker": 4, "child": 8}
    assert [path.name for path in out.iterdir()] == [".visemill"]

    answer = here.ok("resume", "--output-root", out, code=3)
    assert answer["records"] == {"train": 49, "val": 0, "test": 0}
    assert tree_digest(out) == finished_grid_all.digest
    assert here.ok("verify", "--output-root", out)["problems"] == []
    assert not list((out / ".visemill" / "staging").rglob("*.tfrecord"))
    assert here.ok("resume", "--output-root", out, code=3)["nothing_to_do"]
