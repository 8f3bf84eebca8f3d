"""Health follows what a server needs, with the reason in the trailers, the calls' errors, the metrics and the log."""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from visemill.v1 import common_pb2, decode_pb2, decode_pb2_grpc

from orchestrator.cli.health import health
from services.base.errors import BadInput, Transient
from services.base.media.clip import Clip, Media
from services.base.rpc.config import ServeConfig
from services.base.rpc.pool import ChildPool
from services.base.rpc.readiness import STARTING, Need, Readiness
from services.base.rpc.server import LIVENESS, Server
from services.base.rpc.status import error_of
from services.base.sandbox.supervisor import PassChild, clip_limits
from services.base.stage.spec import ClipJob

SERVICE = decode_pb2.DESCRIPTOR.services_by_name["DecodeService"].full_name
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
STAGES: list[tuple[str, dict[str, Any]]] = [("frames", {}), ("obey", {})]
FAULTY = Path(__file__).resolve().parents[2] / "fakes" / "faulty_services.py"


class Asked:
    """A server's health as a client sees it."""

    def __init__(self, target: str) -> None:
        self.target = target
        self._channel = grpc.insecure_channel(target)
        self._stub = health_pb2_grpc.HealthStub(self._channel)
        self._watch = self._stub.Watch(health_pb2.HealthCheckRequest(service=SERVICE), timeout=120)

    def wait(self, status: int) -> None:
        """Until the server has told its watchers of this status."""
        assert any(answer.status == status for answer in self._watch)

    def check(self, service: str = "") -> tuple[int, dict[str, str]]:
        answer, call = self._stub.Check.with_call(health_pb2.HealthCheckRequest(service=service), timeout=5)
        trailers = {key: str(value) for key, value in call.trailing_metadata() if key.startswith("visemill-")}
        return answer.status, trailers

    def wait_reason(self, reason: str) -> str:
        """The message, once the server gives this reason."""
        for _ in range(600):
            _, trailers = self.check()
            if trailers.get("visemill-reason") == reason:
                return trailers["visemill-message"]
            threading.Event().wait(0.05)
        raise AssertionError(trailers)

    def call(self) -> Exception:
        """What a call of the service ends with."""
        request = decode_pb2.DecodeRequest(start=decode_pb2.DecodeStart(media=common_pb2.MediaHeader(name="c")))
        with pytest.raises(grpc.RpcError) as caught:
            list(decode_pb2_grpc.DecodeServiceStub(self._channel).Decode(iter([request]), timeout=30))
        return error_of(caught.value)

    def close(self) -> None:
        self._watch.cancel()
        self._channel.close()


@pytest.fixture
def ask() -> Iterator[Callable[[str], Asked]]:
    with contextlib.ExitStack() as stack:

        def make(target: str) -> Asked:
            asked = Asked(target)
            stack.callback(asked.close)
            return asked

        yield make


def metric_lines(server: Any) -> list[str]:
    port = next(line["message"] for line in server.lines() if "metrics on port" in line["message"]).split()[-1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        return [line for line in page.read().decode().splitlines() if line.startswith("visemill_serving{")]


def test_a_server_starts_without_its_roots_says_so_everywhere_and_serves_once_they_are_there(
    serve_stage: Callable[..., Any], ask: Callable[[str], Asked], s3_server: Any, tmp_path: Path
) -> None:
    folder, bucket = tmp_path / "mounted later", "visemill-made-later"
    flags = ["--num-children", "1", "--recheck-s", "0.2", "--metrics-listen", "127.0.0.1:0"]
    roots = ["--allow-root", str(folder), "--allow-root", f"s3://{bucket}"]
    server = serve_stage("decode", *flags, *roots, environment=s3_server.environment())
    asked = ask(server.target)
    status, trailers = asked.check(SERVICE)
    assert (status, trailers["visemill-reason"]) == (NOT_SERVING, "ROOT_MISSING")
    assert f"there is no folder {folder}" in trailers["visemill-message"]
    assert asked.check(LIVENESS) == (SERVING, {})
    refused = asked.call()
    assert isinstance(refused, Transient)
    assert (refused.reason, "mount what holds it" in str(refused)) == ("ROOT_MISSING", True)
    assert metric_lines(server) == ['visemill_serving{reason="ROOT_MISSING"} 0.0']
    told = health_of(server.target)
    assert (told.exit_code, f"ROOT_MISSING: there is no folder {folder}" in told.text) == (75, True)

    folder.mkdir()
    assert f"there is no bucket {bucket}" in asked.wait_reason("BUCKET_MISSING")
    s3_server.client().make_bucket(bucket)
    asked.wait(SERVING)
    assert asked.check() == (SERVING, {})
    assert isinstance(asked.call(), BadInput)
    assert metric_lines(server) == ['visemill_serving{reason=""} 1.0']
    assert health_of(server.target).exit_code == 0

    folder.rmdir()
    asked.wait(NOT_SERVING)
    folder.mkdir()
    asked.wait(SERVING)
    assert server.stop() == 0
    lines = [(line["message"].split(":")[0], line.get("reason")) for line in server.lines()]
    assert [line for line in lines if "serving" in line[0]] == [
        ("not serving, allowed roots", "ROOT_MISSING"),
        ("not serving, allowed roots", "BUCKET_MISSING"),
        ("serving", None),
        ("not serving, allowed roots", "ROOT_MISSING"),
        ("serving again", None),
    ]


def health_of(target: str) -> Any:
    return health(argparse.Namespace(targets=[target], patience_s=0.3))


class Pooled:
    """A server over a pool whose children are started by a program that can be broken."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self.fix()
        argv = (sys.executable, str(program))
        self.pool = ChildPool(lambda: PassChild(STAGES, clip_limits(60, 1024), program=argv), 2)
        self.readiness = Readiness([Need("children", self.pool.check)], threading.Event(), recheck_s=0.2)
        self.pool.on_trouble = self.readiness.look_now
        self.server = Server(ServeConfig(num_children=2), {SERVICE: lambda _: None})
        self.address = self.server.start(STARTING)
        self.statuses: list[str] = []
        self.readiness.start(self._say)

    def _say(self, error: Any) -> None:
        self.statuses.append(error.reason if error else "")
        self.server.say(error)

    def fix(self) -> None:
        shutil.copyfile(FAULTY, self._program)

    def spoil(self) -> None:
        self._program.write_text("import sys; sys.exit('a library is broken')\n")

    def kill_children(self) -> None:
        for child in self.pool._all:
            assert child._process is not None
            os.kill(child._process.pid, signal.SIGKILL)
            child._process._process.wait()

    def clip(self, order: str) -> None:
        media = Media.of_bytes(order, order.encode())
        with self.pool.borrow(10) as child:
            list(child.run(ClipJob(Clip(order, order, "", order), media)))

    def close(self) -> None:
        self.server.stop()
        self.readiness.stop()
        self.pool.close()


@pytest.fixture
def pooled(tmp_path: Path) -> Iterator[Pooled]:
    made = Pooled(tmp_path / "program.py")
    yield made
    made.close()


def test_children_that_cannot_be_started_are_told_and_gone_again_once_they_can(
    pooled: Pooled, ask: Callable[[str], Asked]
) -> None:
    asked = ask(pooled.address)
    asked.wait(SERVING)
    pooled.spoil()
    pooled.kill_children()
    asked.wait(NOT_SERVING)
    message = asked.wait_reason("CHILDREN_DO_NOT_START")
    assert "starts of a child failed" in message
    assert asked.check(SERVICE)[0] == NOT_SERVING
    pooled.fix()
    asked.wait(SERVING)


def test_clips_that_crash_children_do_not_make_a_server_unwell(pooled: Pooled, ask: Callable[[str], Asked]) -> None:
    asked = ask(pooled.address)
    asked.wait(SERVING)
    for _ in range(3):
        with pytest.raises(BadInput, match="CLIP_CRASHED"):
            pooled.clip("crash")
        pooled.pool.check()
    assert set(pooled.statuses) == {""}
