"""`kubectl apply -k k8s/`, for those who have no helm. In a module of its own: it needs the room of a whole chart."""

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

BASE = Path(__file__).resolve().parents[3] / "k8s"
SERVICES = ("decode", "landmarks", "triton", "features", "orchestrator")


def test_kubectl_alone_makes_it_all_ready_and_takes_it_away(cluster: Any) -> None:
    if cluster.kubectl("get", "namespace", "visemill", "--ignore-not-found"):
        pytest.skip("there is a namespace visemill, which k8s/ would change")
    if cluster.images.registry:
        pytest.skip("k8s/ names no registry: add one with kustomize's `images`")
    cluster.load("worker", "features", "triton", "orchestrator")
    try:
        cluster.kubectl("apply", "-k", BASE)
        for service in SERVICES:
            cluster.kubectl("-n", "visemill", "rollout", "status", f"deployment/visemill-{service}", "--timeout=300s")
        labels = json.loads(cluster.kubectl("get", "namespace", "visemill", "-o", "json"))["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    finally:
        cluster.kubectl("delete", "-k", BASE, "--ignore-not-found", "--timeout=180s", code=None)
    left = cluster.kubectl("get", "clusterroles,clusterrolebindings,priorityclasses,namespaces", "-o", "name")
    assert not [name for name in left.split() if name.split("/")[1] in ("visemill", "visemill-nodes", "visemill-runs")]
