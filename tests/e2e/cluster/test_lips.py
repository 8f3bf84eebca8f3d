"""Lips on a real cluster: records made in pods, and a lipreader that the chart serves from a bucket."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chart_services import CHART, only
from kube_runs import SIZES

pytest.importorskip("torch")

from lips_bundle import write_random_bundle

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
CLIENT = ROOT / "tests" / "integration" / "rpc" / "plain_lips_client.py"


def test_faces_become_the_records_of_a_local_run(
    cluster: Any, store: Any, namespace: str, images: Any, visemill: Any, kube_visemill: Any, tree_digest: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    """Over 20 s: faces are drawn, and a run here, and a run of two pods that open their models."""
    cluster.load("worker")
    visemill.ok("demo-corpus", tmp_path / "drawn", "--kind", "lips", "--speakers", 1, "--clips", 2)
    words = ["run", "lips", "--num-shards", 2]
    visemill.ok(*words, "--input-root", tmp_path / "drawn", "--output-root", tmp_path / "local")
    bucket = store.new_bucket()
    roots = ["--input-root", store.put(tmp_path / "drawn", bucket, "in"), "--output-root", f"s3://{bucket}/out"]
    where = ["--cluster", "kube", "--namespace", namespace, "--image", images.name("worker"), *SIZES]
    answer = kube_visemill.ok(*words, *roots, *where)
    assert answer["finished"] and answer["shards"] == {"done": 2, "total": 2}
    assert tree_digest(store.get(bucket, "out", tmp_path / "there")) == tree_digest(tmp_path / "local")


def test_the_chart_serves_a_lipreader_whose_bundle_lies_in_a_bucket(
    cluster: Any, store: Any, namespace: str, kube_visemill: Any, testdata: Path, tmp_path: Path
) -> None:
    """Over 20 s: a server starts, and a clip is read twice."""
    cluster.load("worker")
    bucket = store.new_bucket()
    bundle = f"s3://{bucket}/lipreader"
    values = only("lipreading") | {
        "services.lipreading.enabled": True,
        "services.lipreading.autoscaling.enabled": False,
    }
    values |= {"services.lipreading.replicas": 2, "services.lipreading.flags.bundle": bundle}
    values |= {"services.lipreading.resources.requests.cpu": "100m"}
    sets = [f"--set={name}={str(value).lower()}" for name, value in values.items()]
    cluster.helm("install", "visemill", CHART, "-n", namespace, "--values", CHART / "values-trial.yaml", *sets)
    # A bundle may come after the servers, which wait for it.
    store.put(write_random_bundle(tmp_path / "bundle", 1), bucket, "lipreader")
    cluster.kubectl("rollout", "status", "deployment/visemill-lipreading", "-n", namespace, "--timeout=120s")
    selector = "app.kubernetes.io/component=lipreading"
    pods = cluster.get("pods", "-n", namespace, "-l", selector)["items"]
    targets = [f"{pod['status']['podIP']}:50051" for pod in pods]
    assert len(targets) == 2

    clip = ["infer", "grid-ctc", "--video-path", testdata / "data/grid/s1_processed/bbaf2n.mpg"]
    here = kube_visemill.ok(*clip, "--bundle", bundle)
    for target in targets:
        there = kube_visemill.ok(*clip, "--server", target)
        assert {name: there[name] for name in here} == here and here["text"]

    np.save(tmp_path / "mouths.npy", np.random.default_rng(1).integers(0, 255, (30, 50, 100, 3), np.uint8))
    said = cluster.run(sys.executable, "-I", CLIENT, ROOT / "protos", targets[0], tmp_path / "mouths.npy")
    (transcript,) = [json.loads(line) for line in said.splitlines()]
    assert (transcript["kind"], transcript["frames"]) == ("transcript", 30)
    cluster.helm("uninstall", "visemill", "-n", namespace, code=None)
