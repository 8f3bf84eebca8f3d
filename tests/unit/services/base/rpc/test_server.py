"""How a server is configured: its limits, its flags, its options."""

import argparse

import pytest

from services.base.errors import BadConfig
from services.base.rpc.config import ServeConfig, add_serve_flags, serve_config_of
from services.base.rpc.server import server_options, uploads_of


def _flags(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_serve_flags(parser)
    return parser.parse_args(argv)


def test_without_flags_a_server_listens_to_this_machine_only_and_reads_no_uris() -> None:
    config = serve_config_of(_flags())
    assert config == ServeConfig()
    assert config.listen == "127.0.0.1:0"
    assert _flags().allow_root == []


def test_every_setting_has_its_flag() -> None:
    argv = "--listen unix:/run/x --num-children 3 --drain-s 5 --num-queued 1"
    config = serve_config_of(_flags(*argv.split()))
    assert config == ServeConfig(listen="unix:/run/x", num_children=3, drain_s=5.0, num_queued=1)


@pytest.mark.parametrize(
    ("config", "most_calls"),
    [(ServeConfig(num_children=2), 6), (ServeConfig(num_children=2, num_queued=1), 3)],
)
def test_the_queue_is_bounded_by_the_children_unless_said(config: ServeConfig, most_calls: int) -> None:
    assert config.most_calls == most_calls


def test_children_follow_the_granted_cores_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISEMILL_CORES", "5")
    assert ServeConfig().children == 5
    assert ServeConfig(num_children=2).children == 2


@pytest.mark.parametrize(
    "argv",
    [
        ["--num-children", "-1"],
        ["--deadline-s", "0"],
        ["--deadline-s", "nan"],
        ["--clip-time-s", "-3"],
        ["--max-clip-mib", "0"],
        ["--tls-cert", "c.pem"],
        ["--tls-client-ca", "ca.pem"],
    ],
)
def test_settings_that_cannot_work_are_refused(argv: list[str]) -> None:
    with pytest.raises(BadConfig, match="BAD_SETTING"):
        serve_config_of(_flags(*argv))


def test_a_relative_root_is_refused() -> None:
    with pytest.raises(BadConfig, match="--allow-root"):
        uploads_of(_flags("--allow-root", "data"))


def test_messages_streams_and_ages_have_their_limits() -> None:
    options = dict(server_options(ServeConfig(num_children=2, deadline_s=100.0, connection_age_s=20.0), 5 << 20))
    assert options["grpc.max_receive_message_length"] == options["grpc.max_send_message_length"] == 5 << 20
    assert options["grpc.max_concurrent_streams"] >= ServeConfig(num_children=2).most_calls
    assert options["grpc.max_connection_age_ms"] == 20_000
    assert options["grpc.so_reuseport"] == 0


def test_a_connection_outlives_its_age_by_a_whole_call() -> None:
    options = dict(server_options(ServeConfig(deadline_s=100.0), 5 << 20))
    assert options["grpc.max_connection_age_grace_ms"] == 100_000


def test_an_age_of_zero_sets_none() -> None:
    assert "grpc.max_connection_age_ms" not in dict(server_options(ServeConfig(connection_age_s=0.0), 5 << 20))
