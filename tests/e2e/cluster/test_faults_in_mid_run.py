"""What may happen to a run on a cluster while it works, each time with the bytes of an undisturbed local run.

Two clips of the corpus are poisoned: they are quarantined every time, and fail no index.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kube_runs import Runs, Watched, kill_container
from pod_watch import PodWatch

pytestmark = pytest.mark.slow

NUM_SHARDS = 4
# Six a shard: its work lasts longer than kubectl needs to see that it has begun, and to do something to it.
NUM_GOOD = 24
POISONED = {"s1/corrupted": "NO_FACE", "s1/text": "OPEN_FAILED"}
NODE = "node-1"
# The clip's process is held up, so that the work does not end meanwhile; the kernel chooses the container's first
# process, not the one that takes the memory.
EAT_MEMORY = """
kill -STOP -1
echo 1000 > /proc/1/oom_score_adj
exec python3 -c 'held = [b"x" * (1 << 20) for _ in range(4096)]'
"""


@pytest.fixture(scope="module")
def source(stems: Callable[[int], list[str]], corpus_at, testdata: Path, tmp_path_factory) -> Path:
    corpus = corpus_at(tmp_path_factory.mktemp("grid"))
    good = stems(NUM_GOOD)
    corpus.add(*good)
    broken = (testdata / "data" / "broken" / "corrupted.mp4").read_bytes()
    for name, data in {"corrupted": broken, "text": b"Here was a video.\n"}.items():
        corpus.path(f"s1_processed/{name}.mpg").write_bytes(data)
        align = corpus.root / "s1_processed" / "align"
        shutil.copyfile(align / f"{good[0]}.align", align / f"{name}.align")
    return corpus.root


@pytest.fixture(scope="module")
def runs(kube_visemill, cluster, store, images, source, tmp_path_factory) -> Iterator[Runs]:
    cluster.nodes(2)
    cluster.load("worker")
    bucket = store.new_bucket()
    inputs = store.put(source, bucket, "in")
    found = Runs(kube_visemill, cluster, store, images, bucket, inputs, tmp_path_factory.mktemp("trees"), NUM_SHARDS)
    yield found
    found.close()


@pytest.fixture(scope="module")
def expected(visemill, source, tmp_path_factory, tree_digest) -> str:
    """The digest of a local run's output."""
    output = tmp_path_factory.mktemp("local") / "out"
    words = ["--input-root", source, "--output-root", output, "--num-shards", NUM_SHARDS]
    visemill.ok("run", "grid", *words, code=3)
    return tree_digest(output)


@pytest.fixture
def unharmed(runs: Runs, namespace, cluster, expected, tree_digest, json_lines) -> Callable[..., None]:
    """Waits for runs to end, and looks whether anything is other than without the fault."""

    def check(name: str, *watched: Watched) -> None:
        for run in watched:
            answer = run.end()
            assert (run.process.returncode, answer["finished"]) == (3, True), run.words
            assert run.keeps_telling, run.words
        tree = runs.tree(name)
        assert {line["key"]: line["reason"] for line in json_lines(tree / "quarantine.jsonl")} == POISONED
        assert tree_digest(tree) == expected
        assert not runs.job(namespace)["status"].get("failedIndexes")
        cluster.wait("no pod left at work", lambda: not left(cluster, namespace), 60)

    return check


@pytest.fixture
def watch(cluster, namespace) -> Iterator[PodWatch]:
    with PodWatch(cluster, namespace) as found:
        yield found


def left(cluster, namespace: str) -> list[str]:
    """Pods and Jobs that have not ended."""
    pods = cluster.get("pods", "-n", namespace, "--field-selector=status.phase!=Succeeded,status.phase!=Failed")
    jobs = cluster.get("jobs", "-n", namespace)
    active = [job for job in jobs["items"] if not job["status"].get("completionTime")]
    return [one["metadata"]["name"] for one in [*pods["items"], *active]]


def first_shard_s(run: Watched) -> float:
    began_s = run.said[0][0]
    return next(at_s - began_s for at_s, line in run.said if re.search(rf" [1-9]/{NUM_SHARDS} shards", line))


def name_of(pod: dict[str, Any]) -> str:
    return pod["metadata"]["name"]


def evict(cluster, pod: dict[str, Any]) -> None:
    meta = {name: pod["metadata"][name] for name in ("name", "namespace")}
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction"
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}
    cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(body))


def eat_memory(cluster, pod: dict[str, Any]) -> None:
    """All that its limit leaves, from within."""
    where = ("-n", pod["metadata"]["namespace"], name_of(pod))
    cluster.kubectl("exec", *where, "--", "sh", "-c", EAT_MEMORY, code=None)


def test_pods_that_are_evicted_killed_and_out_of_memory_are_replaced(runs, namespace, unharmed, cluster, watch, figure):
    """Over 20 s: a real run, and Kubernetes waits 10 s and more before it replaces a pod that has failed."""
    harms = {
        "evicted": (evict, (75, "Error")),
        "killed": (kill_container, (137, "Error")),
        "out of memory": (eat_memory, (137, "OOMKilled")),
    }
    run = runs.start("hurt", namespace, "--parallelism", 2)
    hurt: dict[str, tuple[dict[str, Any], float]] = {}
    for what, (harm, _) in harms.items():
        pod = runs.working(namespace, but=[name_of(pod) for pod, _ in hurt.values()])
        hurt[what] = pod, time.monotonic()
        harm(cluster, pod)
    unharmed("hurt", run)
    for what, (pod, at_s) in hurt.items():
        assert watch.ended(name_of(pod)) == harms[what][1], what
        figure(f"{what}: {replacement(watch, pod, at_s)}")
    assert watch.conditions(name_of(hurt["evicted"][0]))["DisruptionTarget"] == "EvictionByEvictionAPI"
    # Of the same Job: memory that somebody else took once is no reason for more.
    assert runs.job(namespace)["metadata"]["labels"]["visemill.dev/generation"] == "1"
    figure(f"{first_shard_s(run):.1f} s from `run` to the first shard told")


def test_two_orchestrators_that_begin_one_run_at_once_both_finish_it(runs, namespace, unharmed, cluster):
    """Over 20 s: a real run of 24 clips."""
    pair = [runs.start("twice", namespace, "--parallelism", 2) for _ in range(2)]
    unharmed("twice", *pair)
    assert len(cluster.get("jobs", "-n", namespace)["items"]) == 1


def test_the_api_server_and_the_store_go_and_come_back(
    runs, namespace, unharmed, cluster, store, kube_visemill, figure
):
    """Over 20 s: a real run, 10 s without an API server, and a store that is away until it is told."""

    def num_done() -> int:
        return sum(name.endswith("done.json") for name in store.names(runs.bucket, "away/.visemill/runs"))

    run = runs.start("away", namespace, "--parallelism", 2)
    runs.working(namespace)
    before = num_done()
    cluster.script("kill-apiserver")
    try:
        began_s, cpu_s = time.monotonic(), run.cpu_s
        cluster.wait("it to be told", lambda: "does not answer" in run.words, 90)
        cluster.wait("pods to finish shards meanwhile", lambda: num_done() > before, 60)
        status = kube_visemill.ok("status", "--output-root", runs.output("away"))
        assert status["shards"]["done"] > before
        time.sleep(max(0.0, 10 - (time.monotonic() - began_s)))
        away_s, used_s = time.monotonic() - began_s, run.cpu_s - cpu_s
    finally:
        cluster.script("start-apiserver")
    figure(f"API server away {away_s:.1f} s: the orchestrator used {used_s:.2f} s of a core")
    assert used_s < away_s / 4
    cluster.script("minio", "down", "KILL")
    try:
        cluster.wait("it to be told", lambda: "STORE_UNREACHABLE" in run.words, 90)
    finally:
        cluster.script("minio", "up")
    unharmed("away", run)


class Node:
    """The one that tests may end. `end` and `come_back` are as if somebody pulled its plug, and put it in again."""

    def __init__(self, cluster) -> None:
        self._cluster = cluster
        self._is_dead = False

    def end(self) -> None:
        self._cluster.script("kill-node", 1)
        self._is_dead = True

    def come_back(self) -> None:
        if self._is_dead:
            self._cluster.script("start-node", 1)
        self._is_dead = False

    @property
    def is_ready(self) -> bool:
        conditions = self._cluster.get("node", NODE)["status"]["conditions"]
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


@pytest.fixture
def node(cluster) -> Iterator[Node]:
    # Else 20 s until a silent node is taken for dead; a kubelet renews every 10 s.
    cluster.restart("kube-controller-manager", "--node-monitor-grace-period=12s")
    found = Node(cluster)
    yield found
    found.come_back()


def deleted(cluster, pod: dict[str, Any]) -> bool:
    """Whether it is to be gone, and is still there."""
    words = ("get", "pod", "-n", pod["metadata"]["namespace"], name_of(pod), "--ignore-not-found", "-o", "json")
    found = cluster.kubectl(*words)
    return bool(found) and "deletionTimestamp" in json.loads(found)["metadata"]


def test_a_dead_nodes_pods_are_removed_and_replaced(runs, namespace, unharmed, cluster, watch, node, figure):
    """Over 20 s: a node that says nothing is taken for dead after 12 s, and a real run goes on."""
    run = runs.start("dead", namespace, "--parallelism", 2)
    pod, at_s = runs.working(namespace, node=NODE), time.monotonic()
    node.end()
    cluster.wait("the pod to be on its way out", lambda: deleted(cluster, pod), 90)
    unharmed("dead", run)
    assert f"pod {name_of(pod)} was removed" in run.words
    assert not node.is_ready
    figure(f"dead node: {replacement(watch, pod, at_s)}")


def test_a_node_that_comes_back_ends_its_pods_itself(runs, namespace, unharmed, cluster, watch, node, figure):
    """Over 20 s: a node that says nothing is taken for dead after 12 s, and a real run goes on."""
    run = runs.start("back", namespace, "--parallelism", 2)
    pod, at_s = runs.working(namespace, node=NODE), time.monotonic()
    node.end()
    cluster.wait("the pod to be on its way out", lambda: deleted(cluster, pod), 90)
    node.come_back()
    unharmed("back", run)
    assert "was removed" not in run.words
    figure(f"node dead and back: {replacement(watch, pod, at_s)}")


def replacement(watch, pod, at_s):
    """None runs where the pod's shard was committed just before it was hurt."""
    ran_s = watch.replaced_s(pod)
    return f"{ran_s - at_s:.1f} s until its replacement ran" if ran_s else "no replacement ran"
