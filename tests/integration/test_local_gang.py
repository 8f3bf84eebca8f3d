"""A gang pass as processes on this machine: whatever dies, the result is that of an undisturbed run."""

import dataclasses
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.execution import local_run
from orchestrator.execution.local_gang import LocalGang
from orchestrator.execution.local_run import RunLoop
from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs.actions import Fail
from orchestrator.runs.gang.drive import drive
from orchestrator.runs.gang.progress import gang_facts
from orchestrator.runs.options import RunOptions
from services.base.run import paths
from services.base.run.manifest import ClipRow, encode_clips
from services.base.run.passes import MapPass, gang_pass
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit
from services.base.store.interface import Store
from services.base.store.open import open_store
from services.base.worker.pass_log import PassLog

TOY = Path(__file__).resolve().parents[1] / "fakes" / "toy_gang.py"
RUN = "r"
MAP = MapPass("map", "d" * 64, 1)


class Toy:
    """A gang of three ranks, in pods of one or three."""

    def __init__(self, folder: Path) -> None:
        self.state = open_store(folder / "state")
        self.logs = folder / "logs"
        self.said: list[str] = []
        self.interrupted = False

    def carry(self, *flags: str, num_ranks: int = 3, ranks_per_pod: int = 1, max_attempts: int = 3) -> Fail | None:
        gang = gang_pass("train", "toy", num_ranks, {}, [MAP], ranks_per_pod=ranks_per_pod)
        command = [sys.executable, str(TOY), "--state-root", self.state.uri, "--run", RUN, "--pass", "train", *flags]
        backend = LocalGang(gang, RUN, self.state, command, str(self.logs), lambda: self.interrupted)
        try:
            return drive(backend, max_attempts, self._say)
        finally:
            backend.close()

    def _say(self, text: str) -> None:
        self.said.append(text)

    @property
    def log(self) -> list[tuple[str, int, int]]:
        return [(one.kind, one.generation, one.step) for one in PassLog(self.state, RUN, "train").read().entries]

    @property
    def result(self) -> bytes:
        log = PassLog(self.state, RUN, "train")
        entry = log.read().result
        assert entry is not None and set(entry.outputs) == {"weights.json"}
        return self.state.read(paths.staged_result(RUN, "train", entry.attempt, "weights.json"))

    def events(self, rank: int) -> list[dict[str, object]]:
        lines = (self.logs / "train" / f"rank-{rank}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if "event" in line]


@pytest.fixture
def toy(tmp_path) -> Toy:
    return Toy(tmp_path)


def expected(num_ranks: int, num_steps: int) -> bytes:
    """The numbers without any processes."""
    weights = [0] * 4
    for step in range(1, num_steps + 1):
        sums = [
            sum((weight * (rank + 2) + step * (place + 1) + rank) % 1_000_003 for rank in range(num_ranks))
            for place, weight in enumerate(weights)
        ]
        weights = [(old + new) % 1_000_003 for old, new in zip(weights, sums, strict=True)]
    return json.dumps(weights).encode()


@pytest.mark.parametrize("ranks_per_pod", [1, 3])
def test_ranks_meet_and_commit_one_result(toy, ranks_per_pod):
    assert toy.carry(ranks_per_pod=ranks_per_pod) is None, toy.said
    assert toy.result == expected(3, 20)
    steps = [("checkpoint", 1, step) for step in (5, 10, 15, 20)]
    assert toy.log == [("begin", 1, 0), *steps, ("done", 1, 20)]
    locals_ = [toy.events(rank)[0]["local_rank"] for rank in range(3)]
    assert locals_ == [rank % ranks_per_pod for rank in range(3)]


@pytest.mark.parametrize(
    ("die", "ranks_per_pod"),
    [
        pytest.param("2:1:13:kill", 3, id="a rank of a pod of several is killed"),
        pytest.param("0:1:13:kill", 1, id="rank 0 is killed"),
        pytest.param("1:1:13:70", 1, id="a rank ends with a bug"),
    ],
)
def test_the_next_generation_goes_on_from_the_last_checkpoint(toy, die, ranks_per_pod):
    assert toy.carry("--die", die, ranks_per_pod=ranks_per_pod) is None, toy.said
    assert toy.result == expected(3, 20)
    steps = [("checkpoint", 1, 5), ("checkpoint", 1, 10), ("begin", 2, 0), ("checkpoint", 2, 15), ("checkpoint", 2, 20)]
    assert toy.log == [("begin", 1, 0), *steps, ("done", 2, 20)]
    for rank in range(3):
        assert [one["step"] for one in toy.events(rank) if one["event"] == "began"] == [0, 10]


def test_ranks_that_meet_by_gloo_get_the_same_numbers(toy):
    """Over 2 s: each of four processes imports torch."""
    pytest.importorskip("torch")
    assert toy.carry("--gloo", "--num-steps", "8", "--die", "1:1:7:kill", num_ranks=2) is None, toy.said
    assert toy.result == expected(2, 8)
    assert ("begin", 2, 0) in toy.log


def test_a_setting_that_cannot_work_ends_the_pass_at_once(toy):
    assert toy.carry("--die", "1:1:3:78") == Fail("AS_ASKED: rank 1 ended with 78: ends with 78", 78)
    assert toy.log[0] == ("begin", 1, 0) and "done" not in dict.fromkeys(kind for kind, *_ in toy.log)


@pytest.mark.parametrize("code", [70, 75])
def test_what_fails_again_is_given_up_with_the_last_words_of_the_rank_that_fell(toy, code):
    """Rank 0 has lost it, and ends with 75 too."""
    flags = [word for generation in (1, 2) for word in ("--die", f"1:{generation}:3:{code}")]
    failed = toy.carry(*flags, max_attempts=2)
    assert isinstance(failed, Fail) and failed.exit_code == code
    assert f"2 generations failed without a checkpoint (AS_ASKED: rank 1 ended with {code}: ends" in failed.why
    assert [kind for kind, *_ in toy.log] == ["begin", "begin"]


def test_whoever_comes_later_goes_on_and_then_has_nothing_to_do(toy):
    assert toy.carry("--die", "1:1:8:78") == Fail("AS_ASKED: rank 1 ended with 78: ends with 78", 78)
    assert toy.carry() is None
    assert toy.result == expected(3, 20)
    before = toy.log
    assert toy.carry() is None
    assert toy.log == before


def pids_of(folder: Path) -> list[int]:
    """Processes whose command line names the folder."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and str(folder).encode() in (path / "cmdline").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def test_an_interrupted_pass_leaves_no_process(toy, tmp_path):
    gang = gang_pass("train", "toy", 3, {}, [MAP])
    command = [sys.executable, str(TOY), "--state-root", toy.state.uri, "--run", RUN, "--pass", "train"]

    def all_began() -> bool:
        return len(pids_of(tmp_path)) == 6

    backend = LocalGang(gang, RUN, toy.state, [*command, "--die", "1:1:3:hang"], str(toy.logs), all_began)
    assert drive(backend, 3, toy._say) == Fail("interrupted", 75)
    assert pids_of(tmp_path) == []


@pytest.mark.parametrize(("how", "code"), [("hang", 75), ("70", 70)])
def test_a_pod_ends_with_75_when_it_is_asked_to_and_with_its_ranks_code_else(toy, how, code):
    words = [*("--state-root", toy.state.uri), *("--run", RUN), *("--pass", "train"), *("--die", f"0:1:3:{how}")]
    environment = {**os.environ, "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "VISEMILL_GENERATION": "1"}
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment |= {"MASTER_PORT": str(server.getsockname()[1]), "VISEMILL_MASTER_FD": str(server.fileno())}
        launcher = [sys.executable, "-m", "services.base.worker.ranks", "--ranks-per-pod", "1", "--"]
        with subprocess.Popen(
            [*launcher, sys.executable, str(TOY), *words],
            env=environment,
            pass_fds=[server.fileno()],
            stderr=subprocess.PIPE,
            text=True,
        ) as pod:
            assert pod.stderr is not None and '"began"' in pod.stderr.readline()
            if how == "hang":
                pod.terminate()
            assert pod.wait(60) == code


def test_ranks_die_with_their_launcher_and_another_generation_follows(toy, tmp_path):
    gang = gang_pass("train", "toy", 3, {}, [MAP])
    command = [sys.executable, str(TOY), "--state-root", toy.state.uri, "--run", RUN, "--pass", "train"]
    killed: list[int] = []

    def kill_once() -> bool:
        found = pids_of(tmp_path)
        if len(found) == 6 and not killed and ("checkpoint", 1, 5) in toy.log:
            killed.append(min(found))
            os.kill(killed[0], signal.SIGKILL)
        return False

    backend = LocalGang(gang, RUN, toy.state, [*command, "--die", "1:1:8:hang"], str(toy.logs), kill_once)
    try:
        assert drive(backend, 3, toy._say) is None, toy.said
    finally:
        backend.close()
    assert killed and toy.result == expected(3, 20)
    assert ("begin", 2, 0) in toy.log


@pytest.fixture
def whole_run(tmp_path) -> tuple[RunSpec, Store, Store]:
    """A run of one shard, committed and not published, which a training follows."""
    outputs, state = open_store(tmp_path), open_store(tmp_path / paths.STATE_DIR)
    clips = encode_clips([ClipRow("k", "k", "s", "k.mpg", "train", 0, 0, 0, 1, "v")], 1)
    stages = (PinnedStage("decode"),)
    spec = RunSpec(
        RUN,
        "grid",
        MAP.digest,
        stages,
        "/in",
        str(tmp_path),
        1,
        1,
        hashlib.sha256(clips).hexdigest(),
        {},
        gangs=(gang_pass("train", "toy", 2, {}, [MAP]),),
    )
    state.put(paths.clips_file(RUN), clips)
    state.put(paths.run_file(RUN), spec.to_json())
    outputs.put(paths.staged(RUN, "train-0.tfrecord"), b"records")
    facts = {"sha256": hashlib.sha256(b"records").hexdigest(), "size_bytes": 7, "num_records": 1}
    done = ShardCommit(0, spec.digest, {"train-0.tfrecord": facts}, {"k": "0" * 64}, {"train": 1}, {"wall": 1.0})
    state.put(paths.done_file(RUN, 0, 1), done.to_json())
    return spec, state, outputs


def test_a_run_carries_its_passes_in_order_and_resumes_where_it_stopped(whole_run, monkeypatch, tmp_path):
    """The rank's argv alone is the toy's."""
    spec, state, outputs = whole_run
    where, more = ["--output-root", outputs.uri], ["--die", "1:1:8:78"]

    def toys_argv(gang, run, uri):
        return [sys.executable, str(TOY), "--state-root", uri, "--run", run, "--pass", gang.name, *where, *more]

    monkeypatch.setattr(local_run, "rank_argv", toys_argv)
    plain = dataclasses.replace(PIPELINE, summary_files=lambda *_: {})

    def carry():
        return RunLoop(plain, spec, state, outputs, RunOptions(quiet=True)).run()

    failed = carry()
    assert (failed.finished, failed.exit_code) == (False, 78)
    assert failed.why == "pass train: AS_ASKED: rank 1 ended with 78: ends with 78"
    assert outputs.read("train-0.tfrecord") == b"records", "the map pass is finished and published"
    assert [one["step"] for one in gang_facts(spec, state)] == [5]
    more.clear()
    assert carry().finished
    (facts,) = gang_facts(spec, state)
    assert (facts["finished"], facts["step"], facts["outputs"]) == (True, 20, ["train/weights.json"])
    assert outputs.read("train/weights.json") == expected(2, 20)
    again = carry()
    assert again.finished and again.nothing_to_do
