"""A gang pass on a real cluster through what may happen to it, with the numbers of an undisturbed one.

The toy recipe's ranks, two a pod, meet over rank 0's socket: the image has no torch.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from chart_services import CHART, only
from kube_runs import Watched, run_out_of_memory

from services.base.run.passes import MAP_PASS, MapPass, gang_pass
from services.base.run.spec import PinnedStage, RunSpec

pytestmark = pytest.mark.slow

DRIVER = Path(__file__).with_name("gang_orchestrator.py")
NUM_RANKS, RANKS_PER_POD = 4, 2
NUM_STEPS = 40
NODE = "node-1"


@pytest.fixture
def gang(cluster: Any, images: Any, store: Any, namespace: str) -> Iterator[Any]:
    cluster.nodes(2)
    cluster.load("worker")
    # Else 20 s until a silent node is taken for dead; a kubelet renews every 10 s, on a loaded machine a little later.
    cluster.restart("kube-controller-manager", "--node-monitor-grace-period=16s")
    off = [f"--set={name}=false" for name in only()]
    cluster.helm("install", "visemill", CHART, "-n", namespace, *off)
    found = Gang(cluster, store, namespace, images.name("worker"))
    yield found
    for watched in found.orchestrators:
        watched.process.kill()
    # One that runs would get a second kubelet.
    if not cluster.is_running("kubelet-1"):
        cluster.script("start-node", 1)
    cluster.helm("uninstall", "visemill", "-n", namespace, code=None)


class Gang:
    """Orchestrators of one gang, its pods, and its log in the store."""

    def __init__(self, cluster: Any, store: Any, namespace: str, image: str) -> None:
        self._cluster, self._store, self._namespace, self._image = cluster, store, namespace, image
        self._bucket = store.new_bucket()
        self.orchestrators: list[Watched] = []

    @property
    def output(self) -> str:
        return f"s3://{self._bucket}/out"

    def put(self, folder: Path) -> None:
        """What an output holds before its run begins."""
        self._store.put(folder, self._bucket, "out")

    def orchestrate(
        self, verb: str = "run", *more: object, num_steps: int = NUM_STEPS, num_ranks: int = NUM_RANKS
    ) -> Watched:
        words = [verb, f"{self.output}/.visemill", self._namespace, self._image, num_ranks, RANKS_PER_POD, *more]
        flags = ["--num-steps", num_steps, "--checkpoint-every", 2, "--step-s", 0.4]
        environment = {**self._store.environment, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = self._cluster.start(sys.executable, DRIVER, *words, *flags, environment=environment)
        self.orchestrators.append(Watched(process))
        return self.orchestrators[-1]

    def log(self, folder: Path) -> list[dict[str, Any]]:
        path = self._store.get(self._bucket, "out/.visemill/runs/toy/passes/train", folder)
        return [json.loads(file.read_text()) for file in sorted((path / "log").glob("*.json"))]

    def folder(self, name: str, to: Path) -> Path:
        return Path(self._store.get(self._bucket, name, to))

    def checkpoints(self, generation: int) -> list[str]:
        names = self._store.names(self._bucket, "out/.visemill/runs/toy/passes/train/checkpoints")
        return [name for name in names if f"-{generation:05d}-" in name]

    def wait_for_checkpoint(self, generation: int) -> None:
        self._cluster.wait(f"a checkpoint of generation {generation}", lambda: self.checkpoints(generation), 90)

    def pod(self, generation: int, *, node: str = "", index: int = 1) -> dict[str, Any]:
        words = f"visemill.dev/pass=train,visemill.dev/generation={generation}"
        pods = self._cluster.get("pods", "-n", self._namespace, "-l", words)["items"]
        label = "batch.kubernetes.io/job-completion-index"
        return next(
            pod
            for pod in pods
            if (pod["spec"]["nodeName"] == node if node else pod["metadata"]["labels"][label] == str(index))
        )

    def memory_mib(self, generation: int) -> int:
        """What its pods may take."""
        words = f"visemill.dev/pass=train,visemill.dev/generation={generation}"
        (job,) = self._cluster.get("jobs", "-n", self._namespace, "-l", words)["items"]
        return int(job["metadata"]["annotations"]["visemill.dev/memory-mib"])

    def delete(self, pod: dict[str, Any], *flags: str) -> None:
        self._cluster.kubectl("delete", "pod", "-n", self._namespace, "--wait=false", *flags, pod["metadata"]["name"])

    def said(self, pod: dict[str, Any]) -> str:
        """By its node's own file, which needs neither API server nor kubelet."""
        meta = pod["metadata"]
        folder = self._cluster.kubeconfig.parent / pod["spec"]["nodeName"] / "pod-logs"
        found = (folder / f"{meta['namespace']}_{meta['name']}_{meta['uid']}").glob("*/*.log")
        return "".join(path.read_text() for path in found)

    def result(self, done: dict[str, Any], to: Path) -> list[int]:
        # The driver has no output root: the result waits in the state root.
        staged = f"out/.visemill/.visemill/results/toy/train/{done['generation']:05d}-{done['token']}"
        weights: list[int] = json.loads((self.folder(staged, to) / "weights.json").read_bytes())
        return weights


def expected(ranks: Sequence[int]) -> list[int]:
    """The numbers without any processes. ranks: that make each step."""
    weights = [0] * 4
    for step, num_ranks in enumerate(ranks, 1):
        sums = [
            sum((weight * (rank + 2) + step * (place + 1) + rank) % 1_000_003 for rank in range(num_ranks))
            for place, weight in enumerate(weights)
        ]
        weights = [(old + new) % 1_000_003 for old, new in zip(weights, sums, strict=True)]
    return weights


def test_rank_0_has_no_memory_left_a_pod_is_deleted_the_orchestrator_killed_and_a_node_lost(
    gang, cluster, namespace, tmp_path, figure
):
    """Over 20 s: four generations start; a node that says nothing is taken for dead after 12 s, and its pods evicted
    15 s later.
    """
    num_steps = 56
    first = gang.orchestrate(num_steps=num_steps)
    gang.wait_for_checkpoint(1)
    run_out_of_memory(cluster, namespace, gang.pod(1, index=0)["metadata"]["name"])
    gang.wait_for_checkpoint(2)
    assert [gang.memory_mib(number) for number in (1, 2)] == [256, 512]
    gang.delete(gang.pod(2))
    gang.wait_for_checkpoint(3)
    first.process.kill()
    second = gang.orchestrate(num_steps=num_steps)
    gang.pod(3, node=NODE)
    cluster.script("kill-node", 1)
    gang.wait_for_checkpoint(4)
    second.process.wait(120)
    for line in [*first.said, *second.said]:
        figure(f"{line[0] - first.said[0][0]:6.1f} s  {line[1]}")
    assert second.process.returncode == 0, second.words
    log = gang.log(tmp_path)
    assert [(entry["generation"]) for entry in log if entry["kind"] == "begin"] == [1, 2, 3, 4]
    *_, done = log
    assert (done["kind"], done["generation"], done["step"]) == ("done", 4, num_steps)
    assert gang.result(done, tmp_path / "result") == expected((NUM_RANKS,) * num_steps)
    assert "pod 0 of generation 1 ended with 137: MEMORY_RAN_OUT" in first.words
    # Each step is committed once, whoever did it.
    steps = [entry["step"] for entry in log if entry["kind"] == "checkpoint"]
    assert steps == list(range(2, num_steps + 1, 2))


def test_a_pod_that_works_on_after_its_generation_commits_nothing(gang, cluster, tmp_path):
    """Over 20 s: two generations of a pod each start, and work beside each other.

    A kubelet that does not answer leaves a pod that the API server has forgotten at work, as a node does that has lost
    its network.
    """
    # Both ranks in one pod, which misses nobody.
    num_steps, num_ranks = 40, RANKS_PER_POD
    cluster.kubectl("cordon", "node-0")
    try:
        run = gang.orchestrate(num_steps=num_steps, num_ranks=num_ranks)
        gang.wait_for_checkpoint(1)
        late = gang.pod(1, node=NODE)
        cluster.kubectl("cordon", NODE)
        cluster.kubectl("uncordon", "node-0")
        with cluster.paused("kubelet-1"):
            gang.delete(late, "--grace-period=0", "--force")
            cluster.wait("the late pod to be refused", lambda: "GENERATION_SUPERSEDED" in gang.said(late), 60)
            assert gang.pod(2, index=0)["spec"]["nodeName"] == "node-0"
            run.process.wait(120)
    finally:
        cluster.kubectl("uncordon", "node-0", NODE)
    assert run.process.returncode == 0, run.words
    log = gang.log(tmp_path)
    kinds = [(entry["kind"], entry["generation"]) for entry in log]
    assert kinds.count(("begin", 1)) == kinds.count(("begin", 2)) == 1
    assert {generation for _, generation in kinds[kinds.index(("begin", 2)) :]} == {2}
    # It has written the file of one checkpoint more, which no entry names.
    named = {entry["file"] for entry in log if entry["kind"] == "checkpoint"}
    assert len(set(gang.checkpoints(1)) - named) == 1
    assert gang.result(log[-1], tmp_path / "result") == expected([num_ranks] * num_steps)


def test_fewer_ranks_go_on_where_a_pod_has_no_node_and_all_of_them_after_the_next_end(gang, cluster, tmp_path, figure):
    """Over 20 s: three generations of pods start. A pod takes a GPU, of which a node has as many as it says."""
    num_steps = 20
    try:
        gpus(cluster, "node-0", 1)
        run = gang.orchestrate("run", "--min-ranks", 1, "--pods-gpus", 1, num_steps=num_steps)
        gang.wait_for_checkpoint(2)
        gpus(cluster, NODE, 2)
        gang.delete(gang.pod(2, index=0))
        run.process.wait(120)
    finally:
        for node in ("node-0", NODE):
            gpus(cluster, node, None)
    for line in run.said:
        figure(f"{line[0] - run.said[0][0]:6.1f} s  {line[1]}")
    assert run.process.returncode == 0, run.words
    assert "generation 2 starts: with 2 of 4 ranks, since 1 of 2 pods of generation 1 had no node" in run.words
    log = gang.log(tmp_path)
    begun = [(entry["generation"], entry["num_ranks"]) for entry in log if entry["kind"] == "begin"]
    # The first one's rank 0 may have been in the pod that had no node.
    assert begun in ([(1, 4), (2, 2), (3, 4)], [(2, 2), (3, 4)])
    by_two = max(entry["step"] for entry in log if (entry["kind"], entry["generation"]) == ("checkpoint", 2))
    assert by_two < num_steps
    assert gang.result(log[-1], tmp_path / "result") == expected([2] * by_two + [4] * (num_steps - by_two))


def gpus(cluster: Any, node: str, number: int | None) -> None:
    """What a node says that it has, as no kubelet here counts them; None: nothing."""
    said = {"nvidia.com/gpu": None if number is None else str(number)}
    patch = json.dumps({"status": {"capacity": said, "allocatable": said}})
    cluster.kubectl("patch", "node", node, "--subresource=status", "--type=merge", "-p", patch)


def test_the_commands_of_a_run_know_its_gang(gang, cluster, namespace, kube_visemill, tmp_path):
    """Over 20 s: pods start, and end within their grace."""
    map_pass = MapPass(MAP_PASS, "d" * 64, 1)
    gangs = (gang_pass("train", "toy", NUM_RANKS, {}, [map_pass], ranks_per_pod=RANKS_PER_POD),)
    spec = RunSpec(
        *("toy", "grid", map_pass.digest, (PinnedStage("decode"),), "s3://in/put", gang.output, 1, 1, "0" * 64, {}),
        gangs=gangs,
    )
    (tmp_path / ".visemill" / "runs" / "toy").mkdir(parents=True)
    (tmp_path / ".visemill" / "runs" / "toy" / "run.json").write_bytes(spec.to_json())
    claim = json.dumps({"run": "toy", "digest": spec.digest})
    (tmp_path / ".visemill" / "output.json").write_text(claim)
    gang.put(tmp_path)
    here = ["--output-root", gang.output, "--namespace", namespace]
    first = gang.orchestrate(num_steps=1000)
    gang.wait_for_checkpoint(1)
    status = kube_visemill.ok("status", "--cluster", "kube", *here)
    assert [(one["pass"], one["generation"], one["finished"]) for one in status["passes"]] == [("train", 1, False)]
    assert [(job["pass"], job["generation"], job["phase"]) for job in status["cluster"]["jobs"]] == [
        ("train", 1, "active")
    ]
    said = [line for pod in kube_visemill.ok("logs", *here)["pods"] for line in pod["lines"]]
    assert any('"event": "checkpoint"' in line for line in said)
    kube_visemill.refused("scale", "--parallelism", 1, *here, reason="GANG_NOT_SCALED")
    kube_visemill.ok("suspend", *here)
    cluster.wait("it to be told", lambda: "suspended: `visemill resume`" in first.words, 60)
    first.process.kill()
    second = gang.orchestrate("resume", num_steps=1000)
    gang.wait_for_checkpoint(2)
    kube_visemill.ok("cancel", "--cluster", "kube", *here)
    assert second.process.wait(60) == 75, second.words
    assert "its Job was deleted" in second.words
