"""Which pod may call which, by the NetworkPolicies alone."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

COMPONENTS = ("worker", "training", "audio", "decode", "landmarks", "features", "triton", "orchestrator", "test")
PORTS = {"triton": 8001, "training": 29500}
# Who may call whom, over gRPC or, between ranks, for their rendezvous.
ARROWS = {
    *itertools.product(("worker", "orchestrator", "test"), ("audio", "decode", "landmarks", "features", "triton")),
    ("features", "triton"),
    ("test", "orchestrator"),
    ("training", "training"),
}


def labels(component: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": "visemill", "app.kubernetes.io/component": component}


def selects(selector: dict[str, Any], pod: dict[str, str]) -> bool:
    return selector.get("matchLabels", {}).items() <= pod.items()


def lets(rules: list[dict[str, Any]], side: str, pod: dict[str, str], port: int) -> bool:
    """Whether a rule lets this pod of the same namespace through on that port."""
    for rule in rules:
        # No number is every port.
        ports = [item.get("port", port) for item in rule.get("ports", []) if item["protocol"] == "TCP"]
        # A peer with a namespaceSelector only is of another namespace; no peers at all are all peers.
        peers = [peer["podSelector"] for peer in rule.get(side, []) if "namespaceSelector" not in peer]
        if port in ports and (side not in rule or any(selects(peer, pod) for peer in peers)):
            return True
    return False


def may_call(policies: list[dict[str, Any]], caller: dict[str, str], callee: dict[str, str], port: int) -> bool:
    """As the API defines it: policies that select a pod add up, and one that none selects is open."""
    of_caller = [p["spec"] for p in policies if selects(p["spec"]["podSelector"], caller)]
    of_callee = [p["spec"] for p in policies if selects(p["spec"]["podSelector"], callee)]
    out = not of_caller or any(lets(spec.get("egress", []), "to", callee, port) for spec in of_caller)
    into = not of_callee or any(lets(spec.get("ingress", []), "from", caller, port) for spec in of_callee)
    return out and into


@pytest.mark.parametrize("caller", COMPONENTS)
def test_the_arrows_are_those_of_the_design(chart: Callable[..., Any], caller: str) -> None:
    policies = list(chart().all("NetworkPolicy").values())
    found = {
        callee for callee in COMPONENTS if may_call(policies, labels(caller), labels(callee), PORTS.get(callee, 50051))
    }
    assert found == {callee for source, callee in ARROWS if source == caller}


@pytest.mark.parametrize("port", [1, 29500, 33333, 65535])
def test_ranks_reach_each_other_on_every_port_and_nobody_else_reaches_them(
    chart: Callable[..., Any], port: int
) -> None:
    """The libraries by which they talk, gloo and NCCL, choose their own."""
    policies = list(chart().all("NetworkPolicy").values())
    assert may_call(policies, labels("training"), labels("training"), port)
    others = [labels(name) for name in COMPONENTS if name != "training"] + [{"app": "other"}]
    assert not any(may_call(policies, other, labels("training"), port) for other in others)
    assert not any(may_call(policies, labels("training"), other, port) for other in others)


@pytest.mark.parametrize("port", [443, 9000, 6443, 80, 22])
@pytest.mark.parametrize("caller", COMPONENTS)
def test_what_leaves_the_chart(chart: Callable[..., Any], caller: str, port: int) -> None:
    policies = list(chart().all("NetworkPolicy").values())
    reaches = caller not in ("triton", "test") and port in (443, 9000)
    reaches = reaches or (caller == "orchestrator" and port == 6443)
    assert may_call(policies, labels(caller), {}, port) == reaches


def test_a_client_is_who_carries_the_label(chart: Callable[..., Any]) -> None:
    policies = list(chart().all("NetworkPolicy").values())
    for callee in ("orchestrator", "audio", "landmarks"):
        assert may_call(policies, {"visemill.dev/client": "true"}, labels(callee), 50051)
        assert not may_call(policies, {"app": "other"}, labels(callee), 50051)


def test_a_bucket_can_be_the_only_way_out(chart: Callable[..., Any]) -> None:
    to = [{"ipBlock": {"cidr": "10.0.0.7/32"}}]
    made = chart({"networkPolicy": {"s3": {"ports": [9000], "to": to}}})
    rules = made.one("NetworkPolicy", "visemill-worker")["spec"]["egress"]
    assert {"ports": [{"port": 9000, "protocol": "TCP"}], "to": to} in rules


def test_a_trials_object_store_takes_calls_of_our_pods_only(chart: Callable[..., Any]) -> None:
    made = chart({"minio": {"enabled": True, "image": "minio:1", "secretKey": "12345678"}})
    policies = list(made.all("NetworkPolicy").values())
    assert may_call(policies, labels("worker"), labels("minio"), 9000)
    assert not may_call(policies, {"app": "other"}, labels("minio"), 9000)


def test_without_policies_there_are_none(chart: Callable[..., Any]) -> None:
    assert chart({"networkPolicy": {"enabled": False}}).all("NetworkPolicy") == {}
