"""Addresses of gRPC servers, as tables."""

import pytest

from services.base.rpc.channel.targets import check_target, is_loopback, proxy_variable


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1:8001",
        "triton:8001",
        "triton.ns.svc.cluster.local:8001",
        "[::1]:8001",
        "dns:///triton.features:8001",
        "ipv4:10.0.0.1:50051,10.0.0.2:50051",
        "unix:/run/triton.sock",
        "under_score:1",
    ],
)
def test_what_grpc_connects_to_is_an_address(target: str) -> None:
    check_target(target, "--triton")


@pytest.mark.parametrize(
    ("target", "why", "like"),
    [
        ("http://127.0.0.1:8001", "begins with http://", "127.0.0.1:8001"),
        ("grpc://127.0.0.1:8001", "begins with grpc://", "127.0.0.1:8001"),
        ("https://user:word@triton:8001/v2", "begins with https://", "triton:8001"),
        ("127.0.0.1", "has no port", "127.0.0.1:8001"),
        ("triton", "has no port", "triton:8001"),
        ("triton:", "has no port from", "triton:8001"),
        ("triton:http", "has no port from", "triton:8001"),
        ("triton:0", "has no port from", "triton:8001"),
        ("triton:99999", "has no port from", "triton:8001"),
        (":8001", "has no host", "127.0.0.1:8001"),
        ("::1:8001", "IPv6 address without [ ]", "127.0.0.1:8001"),
        ("triton:8001/v2", "is no address", "triton:8001"),
        ("", "is empty", "127.0.0.1:8001"),
        (" ", "is empty", "127.0.0.1:8001"),
        ("ipv4:10.0.0.1", "has no port", "10.0.0.1:8001"),
    ],
)
def test_anything_else_is_refused_with_an_address_as_it_should_be(target: str, why: str, like: str) -> None:
    with pytest.raises(ValueError, match=r"^--triton ") as caught:
        check_target(target, "--triton")
    assert why in str(caught.value)
    assert str(caught.value).endswith(f"give HOST:PORT of the gRPC port, such as {like}")


@pytest.mark.parametrize(
    ("target", "is_here"),
    [
        ("127.0.0.1:8001", True),
        ("127.1.2.3:8001", True),
        ("localhost:8001", True),
        ("[::1]:8001", True),
        ("unix:/run/triton", True),
        ("ipv4:127.0.0.1:8001", True),
        ("dns:///localhost:8001", True),
        ("ipv4:127.0.0.1:1,10.0.0.1:1", False),
        ("triton:8001", False),
        ("10.0.0.7:8001", False),
        ("127.example.org:8001", False),
        ("dns:///triton.features:8001", False),
    ],
)
def test_addresses_of_this_machine(target: str, is_here: bool) -> None:
    assert is_loopback(target) is is_here


@pytest.mark.parametrize(
    ("target", "environment", "name"),
    [
        ("triton:8001", {}, ""),
        ("triton:8001", {"http_proxy": "http://p:1"}, "http_proxy"),
        ("triton:8001", {"http_proxy": "http://p:1", "grpc_proxy": "http://p:2"}, "grpc_proxy"),
        ("triton:8001", {"https_proxy": "http://p:1", "no_proxy": "other,triton"}, ""),
        ("a.svc.local:8001", {"https_proxy": "http://p:1", "no_proxy": ".svc.local"}, ""),
        ("127.0.0.1:8001", {"http_proxy": "http://p:1", "no_proxy": ""}, ""),
    ],
)
def test_the_variable_whose_proxy_would_be_asked(target: str, environment: dict[str, str], name: str) -> None:
    assert proxy_variable(target, environment) == name
