"""A pipeline with passes [map, gang, gang] by the command line: whatever dies, its files are those of a quiet run.

The pipeline (tests/fakes/toy) comes from outside the checkout; its ranks meet by gloo.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked_checkout import environment_of
from gang_processes import LIMIT_S, Pass, ranks, wait_until
from tones_fork import write_tones
from toy_fork import checkout

pytest.importorskip("torch")


class Fork:
    """The checkout with the pipeline in it, and runs of it."""

    def __init__(self, folder: Path) -> None:
        (folder / "checkout").mkdir()
        (folder / "wavs").mkdir()
        self.root = checkout(folder / "checkout")
        self.wavs = write_tones(folder / "wavs")
        self.hold = folder / "hold"
        self.environment = environment_of(self.root)

    def argv(self, *words: object) -> list[str]:
        return [sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]

    def run_argv(self, output: Path) -> list[str]:
        roots = ("--input-root", self.wavs, "--output-root", output)
        return self.argv("run", "toy", *roots, "--workers", 1, "--hold", self.hold)

    def start(self, argv: list[str], **more: object) -> subprocess.Popen[str]:
        return subprocess.Popen(argv, cwd=self.root, env=self.environment, stderr=subprocess.PIPE, text=True, **more)

    def answer(self, argv: list[str], code: int = 0) -> dict[str, object]:
        """What a command answers, which must end with this code."""
        words = [*argv, "-o", "json"]
        done = subprocess.run(
            words, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout or done.stderr.splitlines()[-1])


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in found
        if ".visemill" not in path.relative_to(folder).parts
    }


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Fork:
    return Fork(tmp_path_factory.mktemp("fork"))


@pytest.fixture(scope="module")
def whole(fork: Fork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a quiet run."""
    output = tmp_path_factory.mktemp("quiet") / "out"
    answer = fork.answer(fork.run_argv(output))
    assert answer["finished"] and [one["finished"] for one in answer["passes"]] == [True, True]
    assert Pass(output, "train").log[-1] == ("done", 1, 20)
    return output


@pytest.fixture
def late(fork: Fork, tmp_path: Path) -> Iterator[Callable[[Path, int], subprocess.Popen[bytes]]]:
    """Starts the ranks of a generation by hand, as pods that an orchestrator has lost sight of."""
    started: list[subprocess.Popen[bytes]] = []

    def start(output: Path, generation: int) -> subprocess.Popen[bytes]:
        (run,) = (path.parent.name for path in output.glob(".visemill/runs/*/run.json"))
        rank = [sys.executable, "-m", "services", "toytrain", "rank", "--state-root", str(output / ".visemill")]
        launcher = [sys.executable, "-m", "services.base.worker.ranks", "--ranks-per-pod", "2", "--"]
        with socket.create_server(("127.0.0.1", 0)) as server:
            where = {"GROUP_RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
            where |= {"MASTER_PORT": str(server.getsockname()[1]), "VISEMILL_MASTER_FD": str(server.fileno())}
            process = subprocess.Popen(
                [*launcher, *rank, "--run", run, "--pass", "train"],
                cwd=fork.root,
                env={**fork.environment, **where, "VISEMILL_GENERATION": str(generation)},
                pass_fds=[server.fileno()],
                stderr=subprocess.DEVNULL,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_rank_and_the_orchestrator_are_killed_and_a_late_generation_commits_nothing(fork, whole, late, tmp_path):
    """Over 20 s: six starts of the command line, and four generations of processes that import torch."""
    output = tmp_path / "out"
    train = Pass(output, "train")
    fork.hold.write_text("1 2 3")
    with fork.start(fork.run_argv(output)) as orchestrator:
        train.wait_for(("checkpoint", 1, 10))
        os.kill(ranks(output)[1], signal.SIGKILL)
        train.wait_for(("begin", 2, 0))
        assert ("done", 1, 20) not in train.log
        # The records are published, and the training is not over.
        assert (output / "a.npz").exists() and not (output / "train").exists()
        status = fork.answer(fork.argv("status", "--output-root", output))
        assert [(one["pass"], one["generation"], one["step"], one["finished"]) for one in status["passes"]] == [
            ("train", 2, 10, False),
            ("tune", 0, 0, False),
        ]
        assert not status["finished"]
        orchestrator.kill()
    wait_until(lambda: not ranks(output), "the end of the ranks of an orchestrator that was killed")
    held = late(output, 3)
    train.wait_for(("begin", 3, 0))

    resumed = fork.answer(fork.argv("resume", "--output-root", output, "--workers", 1))
    assert resumed["finished"] and [one["finished"] for one in resumed["passes"]] == [True, True]
    assert files(output) == files(whole)
    log = train.log
    begun = [generation for kind, generation, _ in log if kind == "begin"]
    assert begun == [1, 2, 3, 4] and log[-1] == ("done", 4, 20)
    assert [step for kind, _, step in log if kind == "checkpoint"] == [5, 10, 15, 20]

    fork.hold.unlink()
    assert held.wait(LIMIT_S) == 75
    assert train.log == log and files(output) == files(whole)


def test_a_result_is_published_with_its_digest_and_made_again_when_it_is_lost(fork, whole):
    """Over 10 s: four starts of the command line, and a generation of the training."""
    before, place = files(whole), ("--output-root", whole)
    assert {"train/weights.json", "tune/weights.json"} < set(before)
    weights = whole / "train" / "weights.json"
    weights.write_bytes(before["train/weights.json"].replace(b"[", b"{"))
    (problem,) = fork.answer(fork.argv("verify", *place), 65)["problems"]
    assert problem["file"] == "train/weights.json"
    weights.unlink()
    assert fork.answer(fork.argv("resume", *place))["finished"]
    assert files(whole) == before
    assert fork.answer(fork.argv("verify", *place))["problems"] == []
    fork.answer(fork.argv("report", *place))
    page = (whole / ".visemill" / "report.html").read_text()
    assert "train/weights.json" in page and "2 ranks of toytrain" in page


def test_the_digest_of_a_run_is_of_its_passes_too(fork, whole):
    plan = fork.answer([*fork.run_argv(whole), "--num-steps", "30"], 78)
    assert plan["error"]["reason"] == "OTHER_RUN"
    assert "train.num_steps 20 against 30" in plan["error"]["message"]
