"""The chart is upgraded and rolled back while a run goes on: the RunService's caller has its output all the same."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chart_services import CHART, only
from kube_runs import Watched

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
NUM_SHARDS = 8
ORCHESTRATOR = "app.kubernetes.io/component=orchestrator"
VALUES = {
    **only("orchestrator"),
    "services.orchestrator.resources.requests.cpu": "100m",
    "runs.parallelism": 1,
    "runs.podsCpu": 0.5,
    "runs.podsMemoryMib": 1400,
}


@pytest.fixture
def source(stems: Callable[[int], list[str]], corpus_at: Any, tmp_path: Path) -> Path:
    root: Path = corpus_at(tmp_path / "in").add(*stems(12)).root
    return root


@pytest.fixture
def release(cluster: Any, store: Any, namespace: str) -> Iterator[Callable[..., str]]:
    """helm(command, words..., values): of the chart with its orchestrator alone, over a bucket of its own."""
    cluster.load("worker", "orchestrator")

    def helm(command: str, *words: object, values: dict[str, object] | None = None) -> str:
        given = [f"--set-json={name}={json.dumps(value)}" for name, value in (values or {}).items()]
        said: str = cluster.helm(command, "visemill", *words, *given, "-n", namespace, "--wait", "--timeout", "240s")
        return said

    yield helm
    cluster.helm("uninstall", "visemill", "-n", namespace, code=None)


def orchestrator(cluster: Any, namespace: str) -> str:
    """The name of its pod that is not on its way out."""
    found = cluster.get("pods", "-n", namespace, "-l", ORCHESTRATOR)["items"]
    (pod,) = (pod for pod in found if "deletionTimestamp" not in pod["metadata"])
    name: str = pod["metadata"]["name"]
    return name


def test_a_run_outlives_an_upgrade_and_a_rollback(
    cluster, store, namespace, release, source, visemill, tree_digest, tmp_path
):
    """Over 20 s: a real run, while the chart is installed, upgraded and rolled back, each time until it is ready."""
    bucket = store.new_bucket()
    inputs = store.put(source, bucket, "in")
    values = VALUES | {
        "image.registry": cluster.images.registry.rstrip("/"),
        "s3.roots": [f"s3://{bucket}"],
        "s3.registry": f"s3://{bucket}/registry",
    }
    release("install", CHART, values=values)
    before = orchestrator(cluster, namespace)
    address = cluster.get("service", "visemill-orchestrator", "-n", namespace)["spec"]["clusterIP"]
    stubs = shutil.copytree(ROOT / "protos", tmp_path / "stubs", ignore=shutil.ignore_patterns("__pycache__"))
    client = shutil.copy(Path(__file__).with_name("plain_lasting_client.py"), tmp_path)
    words = [stubs, f"{address}:50051", inputs, f"s3://{bucket}/out", f"--num-shards={NUM_SHARDS}"]
    run = Watched(cluster.start(sys.executable, "-I", client, *words))

    def last() -> dict[str, Any]:
        assert run.process.poll() is None, f"{run.words}\n{run.end(1)}"
        events = [line for _, line in run.said if line.startswith("{")]
        return json.loads(events[-1]) if events else {"done": 0, "breaks": 0}

    try:
        cluster.wait("a shard that is done", lambda: last()["done"] >= 1, 180)
        release("upgrade", CHART, values=values | {"settings.logLevel": "debug"})
        upgraded = orchestrator(cluster, namespace)
        assert upgraded != before
        cluster.wait("word of the new server", lambda: last()["breaks"] >= 1, 60)
        assert last()["done"] < NUM_SHARDS
        release("rollback", 1)
        assert orchestrator(cluster, namespace) != upgraded
    finally:
        answer = run.end(300)
    assert answer["phase"] == "RUN_PHASE_FINISHED" and answer["exit_code"] == 0, answer
    assert answer["shards"] == [NUM_SHARDS, NUM_SHARDS]
    assert answer["id"] == answer["again"] and answer["listed"] == [answer["id"]]
    assert answer["ours"] == []
    jobs = cluster.get("jobs", "-n", namespace)["items"]
    assert [job["metadata"]["labels"]["visemill.dev/generation"] for job in jobs] == ["1"]
    local = tmp_path / "local"
    visemill.ok("run", "grid", "--input-root", source, "--output-root", local, "--num-shards", NUM_SHARDS)
    assert tree_digest(store.get(bucket, "out", tmp_path / "tree")) == tree_digest(local)
