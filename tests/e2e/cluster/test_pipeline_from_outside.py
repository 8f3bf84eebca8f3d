"""A pipeline of sound alone that is not of this checkout, on a cluster: its image is the worker's with a layer more."""

import sys
from pathlib import Path
from typing import Any

import pytest
from kube_runs import Watched
from layered_image import files_of, layered
from tones_fork import TONES_HZ, checkout, write_tones

pytestmark = pytest.mark.slow

IMAGE = "visemill-worker-tones:test"
NUM_SHARDS = 3
# The volume of pods' model files; what holds a clip lies in it, so that the test can take it away.
HOLD = "/models/hold"


def test_its_pods_give_the_bytes_of_a_local_run_though_one_is_killed(
    cluster, store, images, namespace, models_claim, visemill_in, tree_digest, tmp_path
):
    """Over 20 s: Kubernetes waits 10 s before it replaces a pod that has failed."""
    fork, wavs = checkout(tmp_path / "fork"), write_tones(tmp_path / "wavs")
    cluster.load("worker")
    cluster.script("load", layered(images.build("worker"), IMAGE, files_of(fork), tmp_path / "tones.tar"))
    # Safe, else the folder that a command is started in would come first.
    environment = {"PYTHONPATH": str(fork), "PYTHONSAFEPATH": "1"}
    local = tmp_path / "local"
    visemill_in(environment).ok(
        "run", "tones", "--input-root", wavs, "--output-root", local, "--num-shards", NUM_SHARDS
    )

    bucket = store.new_bucket()
    roots = ["--input-root", store.put(wavs, bucket, "in"), "--output-root", f"s3://{bucket}/out"]
    where = ["--cluster", "kube", "--namespace", namespace, "--image", IMAGE, "--models-claim", "models"]
    sizes = ["--parallelism", NUM_SHARDS, "--pods-cpu", "0.5", "--clip-memory-mib", 500, "--pods-memory-mib", 600]
    hold = models_claim / Path(HOLD).name
    hold.touch()
    words = ["run", "tones", *roots, "--num-shards", NUM_SHARDS, "--hold", f"c={HOLD}", *where, *sizes, "-o", "json"]
    argv = [sys.executable, "-m", "orchestrator.cli.main", *words]
    run = Watched(cluster.start(*argv, environment={**store.environment, **environment}))

    def done() -> list[str]:
        return [name for name in store.names(bucket, "out") if name.endswith("done.json")]

    cluster.wait("all shards but one", lambda: len(done()) == NUM_SHARDS - 1 or run.process.poll() is not None)

    def running() -> list[dict[str, Any]]:
        return cluster.get("pods", "-n", namespace, "--field-selector=status.phase=Running")["items"]

    cluster.wait("the pod of the clip that waits to be alone", lambda: len(running()) == 1)
    (pod,) = running()
    cluster.kubectl("delete", "pod", "-n", namespace, pod["metadata"]["name"], "--grace-period=0", "--force")
    assert len(done()) == NUM_SHARDS - 1
    hold.unlink()
    answer = run.end(120)
    assert run.process.returncode == 0 and answer["finished"] and not answer["quarantined"], run.words
    assert len(list(local.glob("*.npz"))) == len(TONES_HZ)
    assert tree_digest(store.get(bucket, "out", tmp_path / "tree")) == tree_digest(local)
