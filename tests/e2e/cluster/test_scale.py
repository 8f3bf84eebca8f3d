"""Many indexes over 200 simulated nodes, and the status of a run of many shards.

`make scale` has 5,000 indexes and 10^5 shards.
"""

import json
import os
import re
import resource
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from kube_runs import Watched

from services.base.run import paths
from services.base.run.spec import PinnedStage, RunSpec, ShardCommit

pytestmark = pytest.mark.slow

# API server, controllers and simulated nodes take about .08 s of CPU a pod.
NUM_SHARDS = int(os.environ.get("VISEMILL_E2E_INDEXES", "500"))
AT_SCALE = bool(os.environ.get("VISEMILL_E2E_SCALE"))
NUM_NODES, NUM_PODS = 200, 400
LIMIT_S = 60 + 0.5 * NUM_SHARDS
MANY_SHARDS, STATUS_LIMIT_S = 100_000 if AT_SCALE else 5_000, 10
SIMULATED = ["--node-selector", "type=kwok", "--tolerations", "kwok.x-k8s.io/node=fake:NoSchedule"]
MOST_MIB, MOST_CALLS_A_SHARD = 400, 0.5


@pytest.fixture
def quick_controllers(cluster: Any) -> None:
    """By default the Job controller sends 20 requests a second, two a pod: 5,000 pods would take over 8 minutes."""
    cluster.restart("kube-controller-manager", "--kube-api-qps=200", "--kube-api-burst=400")


def peak_mib(pid: int) -> int:
    """The most memory that a process has held; 0 when it is gone."""
    try:
        words = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", words)
    return int(found[1]) // 1024 if found else 0


def cpu_s_of_children() -> float:
    """Of those that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.usefixtures("quick_controllers")
def test_every_index_of_many_over_two_hundred_nodes(cluster, store, namespace, kube_visemill, tmp_path, figure):
    """As many pods as indexes are made, placed and seen by Kubernetes: over 20 s."""
    cluster.script("kwok", NUM_NODES)
    for stem in ("bbaf2n", "bbaf3s", "bbaf4p"):
        for name in (f"{stem}.mpg", f"align/{stem}.align"):
            path = tmp_path / "s1_processed" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("no pod reads it")
    bucket = store.new_bucket()
    roots = ["--input-root", store.put(tmp_path, bucket, "in"), "--output-root", f"s3://{bucket}/out"]
    where = ["--cluster", "kube", "--namespace", namespace]
    spread = ["--num-shards", NUM_SHARDS, "--max-indexes", NUM_SHARDS, "--parallelism", NUM_PODS, "--pods-cpu", "0.1"]
    began_s, peak = time.monotonic(), 0
    run = Watched(
        kube_visemill.start("run", "grid", *roots, "--run", "many", *spread, *where, *SIMULATED, "-o", "json")
    )
    cluster.wait("the Job", lambda: " at a time" in run.words or run.process.poll() is not None)
    planned_s = time.monotonic() - began_s
    workers = Path(__file__).with_name("simulated_workers.py")
    state = f"s3://{bucket}/out/{paths.STATE_DIR}"
    environment = {**store.environment, "PYTHONPATH": str(Path(__file__).parents[3])}
    with cluster.start(sys.executable, workers, namespace, state, "many", environment=environment) as committing:
        try:
            while run.process.poll() is None and time.monotonic() - began_s < LIMIT_S:
                peak = max(peak, peak_mib(run.process.pid))
                time.sleep(1)
        finally:
            committing.kill()
            said = committing.stderr.read()
            run.process.kill()
            answer = run.end()
    assert run.process.returncode == 0, f"{run.words[-6000:]}\n{said}"
    assert answer["finished"] and answer["shards"] == {"done": NUM_SHARDS, "total": NUM_SHARDS}
    num_calls = int(re.search(r"(\d+) requests to the API server", run.words)[1])
    figure(
        f"{NUM_SHARDS} indexes over {NUM_NODES} nodes: Job after {planned_s:.0f} s, all after "
        f"{time.monotonic() - began_s:.0f} s, orchestrator {peak} MiB at most, {num_calls} requests to the API server, "
        f"{num_calls / NUM_SHARDS:.3f} a finished shard"
    )
    nodes = {pod["spec"].get("nodeName") for pod in cluster.get("pods", "-n", namespace)["items"]}
    # How evenly pods are spread is the scheduler's choice.
    assert len(nodes) >= 0.9 * min(NUM_NODES, NUM_SHARDS)
    assert peak < MOST_MIB and num_calls < MOST_CALLS_A_SHARD * NUM_SHARDS


def test_status_of_a_run_of_many_shards(visemill, tmp_path, figure):
    """From a disk: a store of objects takes minutes to be filled; `benchmarks/cluster.py --status-shards` does that."""
    state = tmp_path / paths.STATE_DIR
    stages = (PinnedStage("decode"),)
    spec = RunSpec("many", "grid", "d" * 64, stages, "in", str(tmp_path), MANY_SHARDS, MANY_SHARDS, "0" * 64, {})
    done = ShardCommit(0, spec.digest, {}, {}, {"train": 1}, {"wall": 1.0})
    (state / paths.run_dir("many") / "shards").mkdir(parents=True)
    (state / "output.json").write_text(json.dumps({"run": "many", "digest": spec.digest}))
    (state / paths.run_file("many")).write_bytes(spec.to_json())
    text = done.to_json()
    for shard in range(MANY_SHARDS - 1):
        folder = state / paths.shard_dir("many", shard, MANY_SHARDS)
        folder.mkdir()
        (folder / paths.DONE).write_bytes(text)
    began_s, began_cpu_s = time.monotonic(), cpu_s_of_children()
    said = visemill.ok("status", "--output-root", tmp_path)
    status_s, status_cpu_s = time.monotonic() - began_s, cpu_s_of_children() - began_cpu_s
    shutil.rmtree(state)
    figure(f"status of {MANY_SHARDS} shards: {status_s:.1f} s, {status_cpu_s:.1f} s of CPU")
    assert said["shards"] == {"done": MANY_SHARDS - 1, "total": MANY_SHARDS}
    # CPU, not the clock: a machine that does other work as well takes longer. Of few shards it is no question.
    assert status_cpu_s < STATUS_LIMIT_S
