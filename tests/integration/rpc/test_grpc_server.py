"""What every server of ours does over real sockets: health, reflection, time, errors, limits, TLS, an orderly end."""

import contextlib
import math
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from visemill.v1 import common_pb2, decode_pb2, decode_pb2_grpc

from services.base.errors import BadConfig, BadInput, Transient, VisemillError
from services.base.process.settings import Settings
from services.base.rpc.client import Remote, connect
from services.base.rpc.config import ServeConfig
from services.base.rpc.interceptor import current_call
from services.base.rpc.server import Server
from services.base.rpc.status import error_of

SERVICE = "visemill.v1.DecodeService"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Scripted(decode_pb2_grpc.DecodeServiceServicer):
    """Does what the name of the clip says."""

    def __init__(self) -> None:
        self.at_work = threading.Event()
        self.go_on = threading.Event()

    def Decode(self, request_iterator: Any, context: grpc.ServicerContext) -> Iterator[decode_pb2.DecodeResponse]:
        name = next(request_iterator).start.media.name
        self.at_work.set()
        yield decode_pb2.DecodeResponse(info=common_pb2.VideoInfo(codec=name))
        match name:
            case "bad":
                raise BadInput("NO_FACE", "kein Gesicht gefunden: ö", "last words")
            case "bug":
                raise ZeroDivisionError("the secret path")
            case "work":
                while True:
                    current_call().remaining_s()
                    time.sleep(0.01)
            case "wait":
                self.go_on.wait(30)
            case "read":
                list(request_iterator)
            case "large":
                yield decode_pb2.DecodeResponse(chunk=common_pb2.FrameChunk(frames=bytes(3 << 20)))
        yield decode_pb2.DecodeResponse(facts=common_pb2.DecodeFacts(num_frames=1))


class Running:
    """A server with a scripted servicer, and a channel to it."""

    def __init__(self, **config: Any) -> None:
        self.servicer = Scripted()
        self.server = Server(ServeConfig(**{"num_children": 1, **config}), {SERVICE: self._register})
        self.address = self.server.start()
        self.channel = grpc.insecure_channel(self.address)

    def _register(self, server: grpc.Server) -> None:
        decode_pb2_grpc.add_DecodeServiceServicer_to_server(self.servicer, server)

    def call(self, name: str, timeout_s: float | None = 30, *, close: bool = True) -> Any:
        """Responses of a call whose clip has that name. close: whether the caller is done sending."""
        return _call(self.channel, name, timeout_s, close=close)

    def error(self, name: str, timeout_s: float | None = 30, *, close: bool = True) -> VisemillError:
        with pytest.raises(grpc.RpcError) as caught:
            list(self.call(name, timeout_s, close=close))
        return error_of(caught.value)

    def health(self, service: str = "") -> int:
        stub = health_pb2_grpc.HealthStub(self.channel)
        return int(stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status)


def _call(channel: grpc.Channel, name: str, timeout_s: float | None = 30, *, close: bool = True) -> Any:
    def requests() -> Iterator[decode_pb2.DecodeRequest]:
        header = common_pb2.MediaHeader(name=name)
        yield decode_pb2.DecodeRequest(start=decode_pb2.DecodeStart(media=header))
        if not close:
            threading.Event().wait(30)

    return decode_pb2_grpc.DecodeServiceStub(channel).Decode(requests(), timeout=timeout_s)


@pytest.fixture
def run() -> Iterator[Callable[..., Running]]:
    with contextlib.ExitStack() as stack:

        def start(**config: Any) -> Running:
            running = Running(**config)
            stack.callback(running.server.stop)
            stack.callback(running.servicer.go_on.set)
            stack.callback(running.channel.close)
            return running

        yield start


def test_health_is_told_for_the_server_and_for_each_service(run: Callable[..., Running]) -> None:
    running = run()
    assert running.health() == SERVING
    assert running.health(SERVICE) == SERVING
    with pytest.raises(grpc.RpcError) as caught:
        running.health("no.Such")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_lists_the_services(run: Callable[..., Running]) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(run().channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=5)
    assert {SERVICE, "grpc.health.v1.Health"} <= {s.name for s in answer.list_services_response.service}


def test_health_answers_while_every_place_is_taken(run: Callable[..., Running]) -> None:
    running = run(num_queued=1)
    waiting = [running.call("wait") for _ in range(2)]
    for call in waiting:
        next(call)
    assert running.health() == SERVING
    error = running.error("ok")
    assert (type(error), error.reason) == (Transient, "SERVER_BUSY")
    running.servicer.go_on.set()
    for call in waiting:
        assert next(call).facts.num_frames == 1
        list(call)
    assert len(list(running.call("ok"))) == 2


def test_an_error_arrives_as_it_was_raised(run: Callable[..., Running]) -> None:
    error = run().error("bad")
    assert type(error) is BadInput
    assert (error.reason, error.message, error.detail) == ("NO_FACE", "kein Gesicht gefunden: ö", "last words")


def test_of_a_bug_no_word_leaves_the_server(run: Callable[..., Running]) -> None:
    error = run().error("bug")
    assert type(error) is VisemillError
    assert "secret" not in str(error) + error.detail


def test_a_call_without_a_deadline_gets_the_servers(run: Callable[..., Running]) -> None:
    error = run(deadline_s=0.3).error("work", timeout_s=None)
    assert (type(error), error.reason) == (Transient, "DEADLINE_EXCEEDED")


def test_a_caller_that_stalls_without_a_deadline_is_cut_off(run: Callable[..., Running]) -> None:
    error = run(deadline_s=0.2).error("read", timeout_s=None, close=False)
    assert type(error) is Transient


def test_a_shorter_deadline_of_the_caller_holds(run: Callable[..., Running]) -> None:
    error = run(deadline_s=60.0).error("work", timeout_s=0.3)
    assert (type(error), error.reason) == (Transient, "DEADLINE_EXCEEDED")


def test_work_of_a_caller_that_hung_up_is_given_up(run: Callable[..., Running]) -> None:
    running = run()
    call = running.call("work")
    next(call)
    call.cancel()
    assert running.server.drain(5.0)


def test_a_message_over_the_limit_is_the_clips_fault_and_says_what_to_do(run: Callable[..., Running]) -> None:
    running = run()
    channel = connect(running.address, Settings(max_message_bytes=1 << 20))
    with pytest.raises(grpc.RpcError) as caught:
        list(_call(channel, "large"))
    error = error_of(caught.value)
    assert (type(error), error.reason) == (BadInput, "MESSAGE_TOO_LARGE")
    assert "VISEMILL_MAX_MESSAGE_BYTES" in error.message
    channel.close()


def test_a_drain_finishes_what_is_at_work_and_takes_nothing_new(run: Callable[..., Running]) -> None:
    running = run()
    call = running.call("wait")
    next(call)
    drained: list[bool] = []
    thread = threading.Thread(target=lambda: drained.append(running.server.drain(30.0)))
    thread.start()
    while running.health() != NOT_SERVING:
        time.sleep(0.01)
    assert running.health(SERVICE) == NOT_SERVING
    while (error := running.error("ok")).reason != "DRAINING":
        time.sleep(0.01)
    assert type(error) is Transient
    assert not drained
    running.servicer.go_on.set()
    assert next(call).facts.num_frames == 1
    assert list(call) == []
    thread.join(30)
    assert drained == [True]


def test_a_drain_waits_no_longer_than_it_is_told(run: Callable[..., Running]) -> None:
    running = run()
    call = running.call("work")
    next(call)
    assert not running.server.drain(0.2)
    with pytest.raises(grpc.RpcError) as caught:
        list(call)
    assert type(error_of(caught.value)) is Transient


def test_a_watcher_of_health_does_not_hold_up_a_drain(run: Callable[..., Running]) -> None:
    running = run()
    watch = health_pb2_grpc.HealthStub(running.channel).Watch(health_pb2.HealthCheckRequest(service=""))
    assert next(watch).status == SERVING
    assert running.server.drain(30.0)
    assert next(watch).status == NOT_SERVING


def test_a_unix_socket_is_an_address_too(run: Callable[..., Running], tmp_path: Path) -> None:
    running = run(listen=f"unix:{tmp_path}/d.sock")
    assert running.address == f"unix:{tmp_path}/d.sock"
    assert len(list(running.call("ok"))) == 2


def test_two_servers_cannot_share_a_port(run: Callable[..., Running]) -> None:
    address = run().address
    with pytest.raises(BadConfig, match="CANNOT_LISTEN"):
        run(listen=address)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, and certificates for `localhost` and for a client, made on the spot."""
    if shutil.which("openssl") is None:
        pytest.skip("no `openssl` to make certificates with")
    folder = tmp_path_factory.mktemp("tls")
    (folder / "san").write_text("subjectAltName=DNS:localhost")

    def openssl(*argv: str) -> None:
        subprocess.run(["openssl", *argv], cwd=folder, check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    for name in ("server", "client"):
        openssl("req", *new_key[:4], "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san")
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)
    return folder


def test_tls_with_certificates_on_both_sides(run: Callable[..., Running], certificates: Path) -> None:
    files = {
        name: str(certificates / name) for name in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")
    }
    running = run(
        listen="localhost:0", tls_cert=files["server.pem"], tls_key=files["server.key"], tls_client_ca=files["ca.pem"]
    )
    known = Settings(tls_ca=files["ca.pem"], tls_cert=files["client.pem"], tls_key=files["client.key"])
    with connect(running.address, known) as channel:
        assert len(list(_call(channel, "ok"))) == 2
    for stranger in (Settings(tls_ca=files["ca.pem"]), Settings()):
        with connect(running.address, stranger) as channel, pytest.raises(grpc.RpcError):
            list(_call(channel, "ok", 5))


def test_deadlines_without_end_are_capped(run: Callable[..., Running]) -> None:
    assert len(list(run().call("ok", timeout_s=math.pow(10, 9)))) == 2


def test_serve_says_where_it_listens_and_ends_in_order(serve_stage: Callable[..., Any], tmp_path: Path) -> None:
    server = serve_stage(
        "decode", "--num-children", "1", "--port-file", str(tmp_path / "port"), "--metrics-listen", "127.0.0.1:0"
    )
    assert server.first_line == f"listening on {server.target}\n"
    while not (tmp_path / "port").exists():
        time.sleep(0.01)
    assert (tmp_path / "port").read_text() == server.target.rpartition(":")[2]
    with grpc.insecure_channel(server.target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        assert stub.Check(health_pb2.HealthCheckRequest(service=SERVICE), timeout=5).status == SERVING
        with pytest.raises(grpc.RpcError):
            list(_call(channel, "no video"))
    port = next(line["message"] for line in server.lines() if "metrics on port" in line["message"]).split()[-1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        assert 'visemill_calls_total{code="INVALID_ARGUMENT"' in page.read().decode()
    (child,) = server.children()
    assert server.stop() == 0
    assert not Path(f"/proc/{child}").exists()
    ended = next(line for line in server.lines() if line["message"] == "call ended")
    assert (ended["clip"], ended["code"], ended["reason"]) == ("no video", "INVALID_ARGUMENT", "EMPTY_FILE")


def test_a_clip_at_work_is_finished_before_the_server_ends(serve_stage: Callable[..., Any], testdata: Path) -> None:
    server = serve_stage("decode", "--num-children", "1")
    data = (testdata / "data/sign/pose_test_video.mp4").read_bytes()
    start = decode_pb2.DecodeStart(media=common_pb2.MediaHeader(name="c"))
    requests = [decode_pb2.DecodeRequest(start=start), decode_pb2.DecodeRequest(data=data)]
    with grpc.insecure_channel(server.target) as channel:
        call = decode_pb2_grpc.DecodeServiceStub(channel).Decode(iter(requests), timeout=60)
        next(call)
        server.process.terminate()
        answers = list(call)
    assert answers[-1].facts.num_frames == 58
    assert server.process.wait(60) == 0


@pytest.mark.parametrize(
    "flags",
    [
        ("--max-frames", "3"),
        ("--listen", "203.0.113.1:1"),
        ("--allow-root", "ftp://no/root"),
        ("--recheck-s", "0"),
        ("--max-pixels", "0"),
        ("--tls-cert", "/no/cert", "--tls-key", "/no/key"),
    ],
)
def test_a_config_that_cannot_work_ends_with_its_exit_code(serve_stage: Callable[..., Any], flags: tuple[str]) -> None:
    server = serve_stage("decode", "--num-children", "1", *flags)
    assert server.process.wait(60) == 78
    assert server.first_line == ""
    assert '"kind": "BAD_CONFIG"' in server.said()


def test_calls_are_spread_over_the_servers_behind_a_name(run: Callable[..., Running]) -> None:
    servers = [run(), run()]
    target = "ipv4:" + ",".join(running.address for running in servers)
    with connect(target) as channel:
        # The second connection may come up a moment after the first.
        deadline_s = time.monotonic() + 20
        while not all(running.servicer.at_work.is_set() for running in servers):
            assert time.monotonic() < deadline_s, "one server got every call"
            list(_call(channel, "ok"))


def test_a_draining_server_sends_a_clip_to_the_next_one(run: Callable[..., Running]) -> None:
    first, second = run(), run()
    remote = Remote(f"ipv4:{first.address},{second.address}", Settings(rpc_patience_s=30.0))
    remote.retry_with_timeout(lambda: list(_call(remote.channel, "ok")))
    first.server.drain(5.0)
    second.servicer.at_work.clear()
    for _ in range(4):
        answers = remote.retry_with_timeout(lambda: list(_call(remote.channel, "ok")))
        assert answers[-1].facts.num_frames == 1
    assert second.servicer.at_work.is_set()
    remote.channel.close()


def test_a_busy_server_is_waited_for(run: Callable[..., Running]) -> None:
    running = run(num_queued=1)
    waiting = [running.call("wait") for _ in range(2)]
    for call in waiting:
        next(call)
    remote = Remote(running.address, Settings(rpc_patience_s=30.0))
    threading.Timer(0.5, running.servicer.go_on.set).start()
    answers = remote.retry_with_timeout(lambda: list(_call(remote.channel, "ok")))
    assert answers[-1].facts.num_frames == 1
    remote.channel.close()
