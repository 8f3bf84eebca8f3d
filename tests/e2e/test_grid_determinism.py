"""The same bytes, whatever the number of workers and whoever is killed; and what has been made once is not made again.

One file, so that the run over every real clip, which these tests compare with, is made once.
"""

import os
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

# Who dies, in turn. A clip whose child dies twice is set aside, so between two children the orchestrator goes.
VICTIMS = ("child", "worker", "orchestrator", "child", "orchestrator") * 4
CLIPS_BETWEEN = 2
LIMIT_S = 400


@dataclass(frozen=True)
class Finished:
    """A run and what it was told. Its state lies in its output."""

    answer: dict[str, Any]
    inputs: Path
    outputs: Path
    flags: list[object]
    digest: str

    def words(self, outputs: Path) -> list[object]:
        return ["run", "grid", "--input-root", self.inputs, "--output-root", outputs, *self.flags]


@pytest.fixture(scope="module")
def by_mediapipe(finished_grid_all: Any) -> Finished:
    """Every clip, by one worker."""
    run = finished_grid_all
    return Finished(run.answer, run.inputs, run.outputs, ["--num-shards", 24, "--quiet"], run.digest)


@pytest.fixture(scope="module")
def by_dlib(here: Any, corpus_at: Any, dlib_predictor: Path, tree_digest: Any, tmp_path_factory: Any) -> Finished:
    """Four clips, one of them of 74 frames, by two workers."""
    folder = tmp_path_factory.mktemp("dlib")
    inputs, out = folder / "in", folder / "out"
    corpus_at(inputs).add("bbaf2n", "bbaf3s", "bbal8p", "lrae3s")
    flags: list[object] = ["--num-shards", 2, "--quiet", "--dlib-predictor", dlib_predictor]
    answer = here.ok("run", "grid", "--input-root", inputs, "--output-root", out, *flags, "--workers", 2)
    return Finished(answer, inputs, out, flags, tree_digest(out))


@pytest.fixture(params=["mediapipe", "dlib"])
def finished(request: pytest.FixtureRequest) -> Finished:
    run: Finished = request.getfixturevalue(f"by_{request.param}")
    return run


def test_every_clip_but_the_one_without_an_align_is_a_record(by_mediapipe: Finished) -> None:
    assert by_mediapipe.answer["records"] == {"train": 49, "val": 0, "test": 0}
    assert by_mediapipe.answer["reasons"] == {"MISSING_ALIGN": 1}
    assert by_mediapipe.answer["reused"] == {}
    # Three clips of 74 frames, every frame decoded once.
    assert by_mediapipe.answer["counts"] == {"clips": 49, "frames": 46 * 75 + 3 * 74}


def test_two_workers_that_keep_nothing_give_the_bytes_of_one(
    by_mediapipe: Finished, here: Any, tree_digest: Any, tmp_path: Path
) -> None:
    """Takes half a minute: all clips once more."""
    answer = here.ok(*by_mediapipe.words(tmp_path / "out"), "--workers", 2, "--no-artifact-cache", code=3)
    assert answer["reused"] == {}
    assert tree_digest(tmp_path / "out") == by_mediapipe.digest


def test_one_worker_that_keeps_nothing_gives_the_bytes_of_two(
    by_dlib: Finished, here: Any, tree_digest: Any, tmp_path: Path
) -> None:
    here.ok(*by_dlib.words(tmp_path / "out"), "--workers", 1, "--no-artifact-cache")
    assert tree_digest(tmp_path / "out") == by_dlib.digest


def test_a_finished_run_given_again_starts_no_worker_and_changes_no_file(
    finished: Finished, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def times() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in finished.outputs.rglob("*") if path.name != "lease"}

    before, started, start = times(), [], subprocess.Popen.__init__

    def noting(self: Any, argv: Any, *args: Any, **kwargs: Any) -> None:
        started.append(argv)
        start(self, argv, *args, **kwargs)

    monkeypatch.setattr(subprocess.Popen, "__init__", noting)
    code = finished.answer["exit_code"]
    assert here.ok("resume", "--output-root", finished.outputs, code=code)["nothing_to_do"]
    assert started == []
    assert here.ok(*finished.words(finished.outputs), code=code)["nothing_to_do"]
    # The stages are asked what they are, and nothing more.
    assert [argv[4] for argv in started] == ["describe"]
    assert times() == before


def test_another_label_length_detects_nothing_again(
    finished: Finished, here: Any, tree_digest: Any, tmp_path: Path
) -> None:
    """Takes half a minute: every real clip is made into a record again."""
    words = finished.words(tmp_path / "out")
    words += ["--state-root", finished.outputs / ".visemill", "--max-text-len", 40]
    answer = here.ok(*words, code=finished.answer["exit_code"])
    assert answer["reused"]["landmarks"] == sum(answer["records"].values()) == sum(finished.answer["records"].values())
    assert tree_digest(tmp_path / "out") != finished.digest


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
