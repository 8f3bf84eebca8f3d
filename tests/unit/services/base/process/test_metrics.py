"""Counters of calls, and the addresses that they are shown at."""

import logging
import urllib.error
import urllib.request

import pytest
from prometheus_client import generate_latest

from services.base.errors import BadConfig
from services.base.process.metrics import CallMetrics, exposed, parse_address


def test_calls_are_counted_by_method_and_code() -> None:
    metrics = CallMetrics()
    for code in ("OK", "OK", "INVALID_ARGUMENT"):
        metrics.started("/m")
        metrics.ended("/m", code, 0.2)
    metrics.started("/m")
    text = generate_latest(metrics.registry).decode()
    assert 'visemill_calls_total{code="OK",method="/m"} 2.0' in text
    assert 'visemill_calls_total{code="INVALID_ARGUMENT",method="/m"} 1.0' in text
    assert 'visemill_calls_running{method="/m"} 1.0' in text
    assert 'visemill_call_seconds_bucket{le="0.3",method="/m"} 3.0' in text
    assert 'visemill_call_seconds_bucket{le="0.1",method="/m"} 0.0' in text


def test_two_servers_in_one_process_do_not_share_counters() -> None:
    first, second = CallMetrics(), CallMetrics()
    first.started("/m")
    assert "visemill_calls_running{" not in generate_latest(second.registry).decode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":9090", ("0.0.0.0", 9090)),
        ("9090", ("0.0.0.0", 9090)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:9090", ("::1", 9090)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "host", "host:", "host:http", ":65536", ":-1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadConfig, match="BAD_ADDRESS"):
        parse_address(text)


def test_the_numbers_of_a_process_are_served_while_it_works_if_an_address_is_given(caplog) -> None:
    caplog.set_level(logging.INFO)
    with exposed("127.0.0.1:0"):
        address = f"http://127.0.0.1:{caplog.messages[-1].removeprefix('metrics on port ')}/metrics"
        assert b"visemill_training_step" in urllib.request.urlopen(address, timeout=10).read()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=10)
    caplog.clear()
    with exposed(""):
        assert caplog.messages == []
