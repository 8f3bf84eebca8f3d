"""Calls of one client are spread over the servers that its target names, and follow them as they go and come."""

from collections import Counter
from collections.abc import Callable

import grpc
import pytest

from services.base.process.settings import Settings
from services.base.rpc.client import Remote
from services.base.rpc.config import ServeConfig
from services.base.rpc.server import Server

METHOD = "/visemill.tests.Who/Ask"


def _server(name: str, port: int = 0) -> tuple[Server, int]:
    """A real server whose one method answers with its name."""

    def answer(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        return name.encode()

    handlers = {"Ask": grpc.unary_unary_rpc_method_handler(answer)}

    def register(server: grpc.Server) -> None:
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("visemill.tests.Who", handlers),))

    server = Server(ServeConfig(listen=f"127.0.0.1:{port}", connection_age_s=1.0), {"visemill.tests.Who": register})
    return server, int(server.start().rpartition(":")[2])


@pytest.fixture
def asked() -> Callable[[Remote], str]:
    def ask(remote: Remote) -> str:
        call = remote.channel.unary_unary(METHOD)
        return remote.retry_with_timeout(lambda: call(b"", timeout=10)).decode()

    return ask


def test_two_servers_get_calls_and_one_is_enough(asked: Callable[[Remote], str]) -> None:
    first, first_port = _server("first")
    second, second_port = _server("second")
    target = f"ipv4:127.0.0.1:{first_port},127.0.0.1:{second_port}"
    remote = Remote(target, Settings(rpc_patience_s=20.0))
    try:
        _until(lambda: set(_many(asked, remote)) == {"first", "second"})
        counts = Counter(_many(asked, remote, 40))
        assert min(counts["first"], counts["second"]) >= 10

        second.stop()
        assert set(_many(asked, remote, 20)) == {"first"}

        second, _ = _server("second", second_port)
        _until(lambda: "second" in _many(asked, remote))
    finally:
        remote.channel.close()
        first.stop()
        second.stop()


def _many(asked: Callable[[Remote], str], remote: Remote, count: int = 10) -> list[str]:
    return [asked(remote) for _ in range(count)]


def _until(seen: Callable[[], bool], most: int = 2000) -> None:
    """Asks again and again, for some seconds at the most: a lost server is looked for every two."""
    assert any(seen() for _ in range(most)), "not seen in so many calls"
