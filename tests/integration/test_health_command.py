"""`visemill health` against real servers."""

import argparse
from collections.abc import Iterator

import pytest

from orchestrator.cli.health import health
from services.base.rpc.config import ServeConfig
from services.base.rpc.server import Server


@pytest.fixture
def address() -> Iterator[str]:
    server = Server(ServeConfig(num_children=1), {})
    yield server.start()
    server.stop()


def test_servers_that_serve_are_told_with_their_addresses(address: str) -> None:
    answer = health(argparse.Namespace(targets=[address, f"dns:///{address}"], patience_s=5))
    assert answer.exit_code == 0
    assert [(server["target"], server["serves"]) for server in answer.data["servers"]] == [
        (address, True),
        (f"dns:///{address}", True),
    ]


def test_one_that_is_away_fails_them_all_and_is_named(address: str) -> None:
    answer = health(argparse.Namespace(targets=["127.0.0.1:1", address], patience_s=0.5))
    assert answer.exit_code == 75
    assert answer.text.splitlines()[0].startswith("FAILS  127.0.0.1:1 REMOTE_DOES_NOT_ANSWER")
