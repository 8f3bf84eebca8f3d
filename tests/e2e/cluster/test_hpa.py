"""Landmarks grow under load, and clients that are there already use what came."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chart_services import CHART, only

pytestmark = pytest.mark.slow

LIMIT_S = 300
LANDMARKS = "app.kubernetes.io/component=landmarks"


def has_metrics(cluster: Any) -> bool:
    return '"items":[{' in cluster.kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes", code=None)


@pytest.fixture
def served(cluster: Any, namespace: str) -> Iterator[str]:
    """Landmarks alone, with one replica and at most two; the namespace."""
    if not has_metrics(cluster):
        cluster.script("metrics")
        cluster.wait("the metrics API", lambda: has_metrics(cluster), 120)
    cluster.load("worker")
    off = [f"--set={name}=false" for name in only("landmarks")]
    quick = {
        "image.registry": cluster.images.registry,
        "services.landmarks.resources.requests.cpu": "100m",
        "services.landmarks.autoscaling.maxReplicas": 2,
        "services.landmarks.flags.connectionAgeS": 5,
        "services.landmarks.flags.numChildren": 1,
    }
    words = [f"--set={name}={value}" for name, value in quick.items()]
    cluster.helm("install", "visemill", CHART, "-n", namespace, *off, *words, "--wait", "--timeout", "180s")
    yield namespace
    cluster.helm("uninstall", "visemill", "-n", namespace, code=None)


def test_a_replica_comes_under_load_and_gets_calls_without_a_restart_of_the_client(
    cluster: Any, served: str, restricted_pod: Callable[..., Any]
) -> None:
    """Over 20 s: a second replica comes when the metrics, read every 10 s, have told of the load."""
    code = (Path(__file__).parent / "calling_landmarks.py").read_text()
    client = restricted_pod("client", "worker", command=["python3", "-c", code], args=["visemill-landmarks:50051", "3"])
    client["metadata"] |= {"namespace": served, "labels": {"visemill.dev/client": "true"}}
    first = set(names(cluster, served))
    began_s = time.monotonic()
    cluster.apply(client)
    cluster.wait("a second replica", lambda: len(ready(cluster, served)) == 2, LIMIT_S)
    came_s = time.monotonic() - began_s
    (new,) = set(ready(cluster, served)) - first
    cluster.wait("a call at the new replica", lambda: calls(cluster, served, new) > 0, 60)
    called_s = time.monotonic() - began_s - came_s
    print(f"HPA: a second replica was ready {came_s:.0f} s after the load began, and called {called_s:.1f} s later")
    state = cluster.get("pod", "client", "-n", served)["status"]
    assert state["phase"] == "Running" and state["containerStatuses"][0]["restartCount"] == 0
    both = sorted({*first, new})
    before = [calls(cluster, served, name) for name in both]
    cluster.wait(
        "more calls at each replica",
        lambda: all(calls(cluster, served, name) > then for name, then in zip(both, before, strict=True)),
        60,
    )


def names(cluster: Any, namespace: str) -> list[str]:
    return [pod["metadata"]["name"] for pod in cluster.get("pods", "-n", namespace, "-l", LANDMARKS)["items"]]


def ready(cluster: Any, namespace: str) -> list[str]:
    found = cluster.get("pods", "-n", namespace, "-l", LANDMARKS)["items"]
    return [
        pod["metadata"]["name"]
        for pod in found
        if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
    ]


def calls(cluster: Any, namespace: str, pod: str) -> int:
    """Calls of Detect that ended well at a pod, by its own metrics."""
    text = cluster.kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/pods/{pod}:9090/proxy/metrics")
    found = re.findall(r'^visemill_calls_total\{[^}]*code="OK"[^}]*Detect[^}]*\} (\S+)', text, re.M)
    return int(sum(map(float, found)))
