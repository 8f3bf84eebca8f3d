"""The RunService in a process of its own: clients with the protos alone, our command line, restarts and cancelling."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from served_runs import Served
from visemill.v1 import runs_pb2

from orchestrator.cli.main import main

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
LIMIT_S = 900
STATE_DIR = ".visemill"

pytestmark = pytest.mark.slow


def _visemill(*words: object, code: int | None = 0) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False, cwd=ROOT)
    assert code is None or done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}"
    return done


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten made clips and two broken ones, in GRID's layout."""
    root = tmp_path_factory.mktemp("runs") / "corpus"
    _visemill("demo-corpus", root, "--speakers", 2, "--clips", 5, "--broken")
    return root


@pytest.fixture
def serve(tmp_path: Path, corpus: Path) -> Iterator[Callable[..., Served]]:
    """Starts RunServices on one registry; those that still serve after the test are ended."""
    started: list[Served] = []

    def start(*flags: str) -> Served:
        started.append(Served(tmp_path / "registry", [tmp_path, corpus], *flags))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


def _request(corpus: Path, outputs: Path, num_shards: int = 2) -> runs_pb2.SubmitRequest:
    return runs_pb2.SubmitRequest(
        pipeline="grid",
        input_root=str(corpus),
        output_root=str(outputs),
        flags=[f"--num-shards={num_shards}"],
        limits=runs_pb2.RunLimits(num_workers=1),
    )


def _tree(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and name.parts[0] != STATE_DIR:
            digest.update(f"{name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _until(stub: Any, run_id: str, seen: Callable[[runs_pb2.Run], bool]) -> runs_pb2.Run:
    for answer in stub.Watch(runs_pb2.WatchRequest(id=run_id), timeout=LIMIT_S):
        if seen(answer.run):
            return answer.run  # type: ignore[no-any-return]
    raise AssertionError("the run ended before it was seen")


def _end(stub: Any, run_id: str) -> runs_pb2.Run:
    *_, last = stub.Watch(runs_pb2.WatchRequest(id=run_id), timeout=LIMIT_S)
    return last.run  # type: ignore[no-any-return]


def test_a_client_with_the_protos_alone_has_a_run_carried_out(
    serve: Callable[..., Served], corpus: Path, tmp_path: Path
) -> None:
    server = serve()
    stubs, outputs = tmp_path / "stubs", tmp_path / "out"
    shutil.copytree(ROOT / "protos", stubs, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "plain_runs_client.py", tmp_path)
    argv = [sys.executable, "-I", "plain_runs_client.py", stubs, server.target, corpus, outputs]
    done = subprocess.run([*map(str, argv)], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stderr + server.said()
    answer = json.loads(done.stdout)
    assert Path(answer["stubs"]).is_relative_to(stubs) and answer["ours"] == []
    assert answer["again"] == answer["id"] and answer["listed"] == [answer["id"]]
    assert answer["phases"][-1] == answer["cancelled"] == "RUN_PHASE_FINISHED"
    assert "RUN_PHASE_RUNNING" in answer["phases"]
    assert answer["versions"] == sorted(answer["versions"]) and answer["shards"][-1] == 2
    assert any("loading models" in text for text in answer["messages"])
    assert set(answer["late_messages"]) <= set(answer["messages"])
    assert answer["ended"] and answer["exit_code"] == 3
    assert answer["records"]["train"] >= 10 and answer["clips"][0] == answer["clips"][1]
    for refused in ("while_running", "other_plan"):
        assert answer[refused]["reason"] == "OTHER_RUN" and "--num-shards 2 against 3" in answer[refused]["message"]
        assert answer[refused]["code"] == "FAILED_PRECONDITION"
    assert answer["elsewhere"]["reason"] == "ROOT_NOT_ALLOWED"
    assert answer["unknown"]["reason"] == "NO_RUN"


def test_the_command_line_answers_for_a_server_as_it_does_for_itself(
    serve: Callable[..., Served], corpus: Path, tmp_path: Path
) -> None:
    """Takes 20 s: the same corpus is run by a server and here."""
    server = serve()
    here, there = tmp_path / "here", tmp_path / "there"
    words = ("run", "grid", "--input-root", corpus, "--num-shards", 2, "--workers", 1, "-o", "json", "--output-root")
    local = json.loads(_visemill(*words, here, code=3).stdout)
    remote = json.loads(_visemill(*words, there, "--server", server.target, code=3).stdout)
    assert _tree(here) == _tree(there)
    assert {**remote, "output_root": "", "wall_s": 0} == {**local, "output_root": "", "wall_s": 0}
    status = json.loads(
        _visemill("status", "--server", server.target, "--output-root", there, "--watch", "-o", "json").stdout
    )
    assert (status["phase"], status["run"]) == ("finished", local["run"])
    runs = json.loads(_visemill("runs", "--server", server.target, "-o", "json").stdout)["runs"]
    assert [run["id"] for run in runs] == [status["id"]]
    refused = json.loads(_visemill(*words, "/elsewhere", "--server", server.target, code=78).stdout)
    assert refused["error"]["reason"] == "ROOT_NOT_ALLOWED"


def test_a_retry_at_a_server_takes_in_a_mended_file_as_a_retry_here_does(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    """Long because the real command line runs five times: to a run, two retries, the reference and the run again."""
    corpus, outputs, reference = tmp_path / "corpus", tmp_path / "out", tmp_path / "reference"
    _visemill("demo-corpus", corpus, "--speakers", 1, "--clips", 2)
    server = serve()
    words = ("run", "grid", "--input-root", corpus, "--num-shards", 2, "--workers", 1, "-o", "json", "--output-root")
    clip = sorted(corpus.rglob("*.mpg"))[0]
    media = clip.read_bytes()
    clip.write_bytes(b"")
    _visemill(*words, outputs, "--server", server.target, code=3)
    (before,) = server.stub().List(runs_pb2.ListRequest(), timeout=10).runs
    at = ("--server", server.target, "--output-root", outputs, "-o", "json")
    nothing = json.loads(_visemill("retry", *at, code=3).stdout)
    assert nothing["nothing_to_do"] and nothing["records"]["train"] == 1
    clip.write_bytes(media)
    answer = json.loads(_visemill("retry", *at).stdout)
    assert answer["records"]["train"] == 2 and answer["finished"]
    (run,) = server.stub().List(runs_pb2.ListRequest(), timeout=10).runs
    assert (run.id, run.phase, run.clips.total) == (before.id, runs_pb2.RUN_PHASE_FINISHED, 2)
    assert run.digest != before.digest and run.name == answer["run"]
    _visemill(*words, reference)
    assert _tree(outputs) == _tree(reference)
    again = json.loads(_visemill(*words, outputs, "--server", server.target).stdout)
    assert again["nothing_to_do"]
    assert [one.id for one in server.stub().List(runs_pb2.ListRequest(), timeout=10).runs] == [run.id]


def test_a_run_survives_the_death_of_its_server_and_a_graceful_end(
    serve: Callable[..., Served], corpus: Path, tmp_path: Path
) -> None:
    """Takes 20 s: a run over the death of its server and over its drain."""
    outputs, reference = tmp_path / "out", tmp_path / "reference"
    server = serve()
    run = server.stub().Submit(_request(corpus, outputs, 6), timeout=300).run
    _until(server.stub(), run.id, lambda r: r.shards.done >= 1)
    server.kill()

    server = serve()
    seen = _until(server.stub(), run.id, lambda r: r.phase == runs_pb2.RUN_PHASE_RUNNING and r.shards.done >= 2)
    assert seen.submitted_at == run.submitted_at and seen.version > run.version
    assert server.stop() == 0
    assert not (outputs / "meta.json").exists()

    server = serve()
    ended = _end(server.stub(), run.id)
    assert (ended.phase, ended.exit_code) == (runs_pb2.RUN_PHASE_FINISHED, 3), server.said()
    _visemill("run", "grid", "--input-root", corpus, "--output-root", reference, "--num-shards", 6, code=3)
    assert _tree(outputs) == _tree(reference)


def test_a_watch_breaks_off_when_its_server_stops_and_is_taken_up_at_the_next(
    serve: Callable[..., Served], corpus: Path, tmp_path: Path, free_port: int
) -> None:
    """The command line keeps watching over a restart behind the same address."""
    listen = f"--listen=127.0.0.1:{free_port}"
    server = serve(listen)
    words = ["run", "grid", "--input-root", corpus, "--output-root", tmp_path / "out", "--num-shards", 6]
    argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words), "--server", server.target, "--workers=1"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as client:
        try:
            stub = server.stub()
            run_id = _wait_for(lambda: [run.id for run in stub.List(runs_pb2.ListRequest(), timeout=10).runs])[0]
            _until(stub, run_id, lambda r: r.shards.done >= 1)
            assert server.stop() == 0
            server = serve(listen)
            stdout, stderr = client.communicate(timeout=LIMIT_S)
        finally:
            client.kill()
    assert client.returncode == 3, stderr
    assert "finished in" in stdout


def test_a_cancelled_run_ends_soon_and_may_be_carried_on(
    serve: Callable[..., Served], corpus: Path, tmp_path: Path
) -> None:
    """Over 20 s: a server, three runs and a command are processes, and each loads its models."""
    server = serve("--num-runs=1")
    stub = server.stub()
    first = stub.Submit(_request(corpus, tmp_path / "first", 6), timeout=300).run
    second = stub.Submit(_request(corpus, tmp_path / "second", 6), timeout=300).run
    _until(stub, first.id, lambda r: r.phase == runs_pb2.RUN_PHASE_RUNNING and r.clips.done >= 1)
    assert stub.Get(runs_pb2.GetRequest(id=second.id), timeout=10).run.phase == runs_pb2.RUN_PHASE_QUEUED
    _hears_a_heartbeat(stub, second.id)
    stub.Cancel(runs_pb2.CancelRequest(id=second.id), timeout=10)
    _visemill("cancel", "--server", server.target, "--output-root", tmp_path / "first")
    for run in (first, second):
        ended = _end(stub, run.id)
        assert (ended.phase, ended.exit_code) == (runs_pb2.RUN_PHASE_CANCELLED, 130)
    again = stub.Submit(_request(corpus, tmp_path / "first", 6), timeout=300).run
    assert again.id == first.id
    assert _end(stub, first.id).phase == runs_pb2.RUN_PHASE_FINISHED


def test_a_process_that_dies_costs_its_run_a_try_and_others_nothing(
    serve: Callable[..., Served], corpus: Path, tmp_path: Path
) -> None:
    """Over 20 s: the run that lost its process waits before it is tried again, and every try loads its models."""
    server = serve()
    stub = server.stub()
    runs = [stub.Submit(_request(corpus, tmp_path / name, 4), timeout=300).run for name in ("a", "b")]
    _until(stub, runs[0].id, lambda r: r.phase == runs_pb2.RUN_PHASE_RUNNING and r.clips.done >= 1)
    os.kill(_process_of(server, tmp_path / "a"), signal.SIGKILL)
    waiting = _until(stub, runs[0].id, lambda r: r.phase == runs_pb2.RUN_PHASE_WAITING)
    assert "ended with -9" in waiting.why
    assert [_end(stub, run.id).phase for run in runs] == [runs_pb2.RUN_PHASE_FINISHED] * 2
    assert _tree(tmp_path / "a") == _tree(tmp_path / "b")


def _hears_a_heartbeat(stub: Any, run_id: str) -> None:
    """Of a run that waits for its turn: nothing changes, and the stream is not silent."""
    answers = stub.Watch(runs_pb2.WatchRequest(id=run_id), timeout=60)
    first = next(answers)
    assert next(answers) == first
    answers.cancel()


def _process_of(server: Served, outputs: Path) -> int:
    pid = server.process.pid
    below = {
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    }
    (found,) = [p for p in below if f"--output-root={outputs}" in Path(f"/proc/{p}/cmdline").read_text().split("\0")]
    return found


def _wait_for(look: Callable[[], list[Any]]) -> list[Any]:
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError("nothing came within 60 s")


def test_named_data_sets_are_planned_together_run_and_found_by_their_root(
    serve: Callable[..., Served], tmp_path: Path
) -> None:
    """Takes twenty seconds: two runs, which the server plans twice, and a retry."""
    server, out = serve(), tmp_path / "out"
    for i, name in enumerate(("en", "am")):
        assert main(["demo-corpus", str(tmp_path / name), "--speakers=1", "--clips=1", f"--seed={i}"]) == 0
    (tmp_path / "none").mkdir()

    def answered(*words: object, code: int = 0) -> dict[str, Any]:
        text = io.StringIO()
        with contextlib.redirect_stdout(text):
            words = (*words, "--output-root", out, "--server", server.target, "-o", "json")
            assert main([str(word) for word in words]) == code, text.getvalue()
        answer: dict[str, Any] = json.loads(text.getvalue())
        return answer

    def run(*names: str, code: int = 0) -> dict[str, Any]:
        datasets = [f"--dataset={name}={tmp_path / name}" for name in names]
        return answered("run", "grid", *datasets, "--num-shards=1", "--workers=1", code=code)

    assert run("en", "none", code=78)["error"]["reason"] == "NO_CLIPS"
    # Nothing was begun: neither of the first one is there.
    assert not out.exists() and not list(server.stub().List(runs_pb2.ListRequest()).runs)
    answer = run("en", "am")
    assert [(one["dataset"], one["exit_code"], one["finished"]) for one in answer["datasets"]] == [
        ("en", 0, True),
        ("am", 0, True),
    ]
    assert sorted(path.name for path in (out / STATE_DIR / "datasets").iterdir()) == ["am", "en"]
    found = answered("status")["datasets"]
    assert [(one["dataset"], one["phase"]) for one in found] == [("am", "finished"), ("en", "finished")]
    assert answered("status", "--dataset", "en")["output_root"] == str(out / "en")
    assert "say which with --dataset" in answered("cancel", code=78)["error"]["message"]
    assert answered("retry", "--dataset=am")["finished"]
    listed = server.stub().List(runs_pb2.ListRequest(output_root=str(out))).runs
    assert {run.dataset: run.output_root for run in listed} == {name: str(out / name) for name in ("en", "am")}

    # The marker of a data set lies in the root, which has to be allowed as its folder is.
    outside = runs_pb2.SubmitRequest(
        pipeline="grid", input_root=str(tmp_path / "en"), output_root=str(tmp_path.parent), dataset=tmp_path.name
    )
    with pytest.raises(grpc.RpcError) as refused:
        server.stub().Submit(outside)
    assert "ROOT_NOT_ALLOWED" in refused.value.details() or "none of the roots" in refused.value.details()
    whole = answered("run", "grid", "--input-root", tmp_path / "en", code=78)
    assert whole["error"]["reason"] == "ROOT_HOLDS_DATASETS"
