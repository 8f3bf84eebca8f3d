"""Wrong addresses and proxies, against real servers: what answers is named, this machine is asked directly."""

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from services.base.errors import BadConfig, Transient
from services.base.rpc.client import check_remote
from services.base.rpc.config import ServeConfig
from services.base.rpc.server import Server

PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")


@pytest.fixture
def http_port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy variables that lead to a port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")


def test_a_server_of_http_is_named_and_not_waited_for(http_port: int) -> None:
    with pytest.raises(BadConfig, match=rf"NOT_GRPC: 127.0.0.1:{http_port} speaks HTTP and not gRPC: give HOST:PORT"):
        check_remote(f"127.0.0.1:{http_port}", patience_s=3600)


def test_a_server_of_another_protocol_is_named(request: pytest.FixtureRequest) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def greet() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                caller.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
                request.addfinalizer(caller.close)

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(BadConfig, match=r"NOT_GRPC.*speaks another protocol than gRPC"):
            check_remote(f"127.0.0.1:{server.getsockname()[1]}", patience_s=3600)
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "dns:///127.0.0.1"])
@pytest.mark.usefixtures("nowhere")
def test_this_machine_is_asked_directly_whatever_proxies_are_named(host: str) -> None:
    server = Server(ServeConfig(num_children=1), {})
    try:
        check_remote(f"{host}:{server.start().rpartition(':')[2]}")
    finally:
        server.stop()


@pytest.mark.usefixtures("nowhere")
def test_behind_a_proxy_the_error_names_its_variable() -> None:
    with pytest.raises(Transient, match="through the proxy that the variable grpc_proxy names: add its host"):
        check_remote("192.0.2.1:50051", patience_s=0.3)


@pytest.mark.parametrize("target", ["http://127.0.0.1:50051", "127.0.0.1", ""])
def test_what_is_no_address_is_refused_with_one(target: str) -> None:
    with pytest.raises(BadConfig, match=r"BAD_TARGET.*give HOST:PORT"):
        check_remote(target)
