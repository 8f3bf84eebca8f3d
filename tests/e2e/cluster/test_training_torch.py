"""A pipeline with passes map, gang, gang that is not of this checkout, on a cluster: its ranks meet by gloo.

Asked for by `VISEMILL_E2E_TORCH=1 .venv/bin/pytest tests/e2e/cluster/test_training_torch.py`: its image takes minutes.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from chart_services import CHART, only
from kube_runs import Watched
from layered_image import files_of, layered
from tones_fork import write_tones
from toy_fork import checkout

IMAGE = "visemill-worker-torch-toy:test"
NUM_RANKS, RANKS_PER_POD = 4, 2
FLAGS = ["--num-shards", 2, "--num-ranks", NUM_RANKS, "--ranks-per-pod", RANKS_PER_POD]
LAST_BEFORE_HOLD = 10

if os.environ.get("VISEMILL_E2E_TORCH"):

    @pytest.mark.slow
    def test_a_training_by_gloo_goes_on_after_a_pod_was_deleted(
        cluster, store, images, namespace, models_claim, visemill_in, tree_digest, figure, tmp_path: Path
    ) -> None:
        """An image that is built and loaded, and pods that import torch: minutes."""
        fork, wavs, local = checkout(tmp_path / "fork"), write_tones(tmp_path / "wavs"), tmp_path / "local"
        cluster.load("worker-torch")
        cluster.script("load", layered(images.build("worker-torch"), IMAGE, files_of(fork), tmp_path / "toy.tar"))
        cluster.helm("install", "visemill", CHART, "-n", namespace, *(f"--set={name}=false" for name in only()))
        # Safe, else the folder that a command is started in would come first.
        environment = {"PYTHONPATH": str(fork), "PYTHONSAFEPATH": "1"}
        visemill_in(environment).ok("run", "toy", "--input-root", wavs, "--output-root", local, *FLAGS)

        bucket = store.new_bucket()
        roots = ["--input-root", store.put(wavs, bucket, "in"), "--output-root", f"s3://{bucket}/out"]
        where = ["--cluster", "kube", "--namespace", namespace, "--image", IMAGE, "--models-claim", "models"]
        sizes = ["--pods-cpu", "0.8", "--clip-memory-mib", 800, "--pods-memory-mib", 1500]
        # The first generation waits before step 13.
        (models_claim / "hold").write_text("1")
        words = ["run", "toy", *roots, *FLAGS, "--hold", "/models/hold", *where, *sizes, "-o", "json"]
        argv = [sys.executable, "-m", "orchestrator.cli.main", *words]
        run = Watched(cluster.start(*argv, environment={**store.environment, **environment}))

        def log() -> list[tuple[str, int, int]]:
            names = [name for name in store.names(bucket, "out/.visemill/runs") if "/passes/train/log/" in name]
            folder = store.get(bucket, "out/.visemill/runs", tmp_path / f"log{len(names)}") if names else tmp_path
            entries = [json.loads((folder / name).read_bytes()) for name in sorted(names)]
            return [(entry["kind"], entry["generation"], entry["step"]) for entry in entries]

        def held() -> bool:
            return run.process.poll() is not None or ("checkpoint", 1, LAST_BEFORE_HOLD) in log()

        cluster.wait("the first generation to wait", held, 180)
        pods = train_pods(cluster, namespace)
        assert len(pods) == NUM_RANKS // RANKS_PER_POD, run.words
        cluster.kubectl("delete", "pod", "-n", namespace, "--wait=false", pods[-1]["metadata"]["name"])
        answer = run.end(300)
        for at_s, line in run.said:
            figure(f"{at_s - run.said[0][0]:6.1f} s  {line}")
        assert run.process.returncode == 0 and answer["finished"], run.words
        assert [(one["pass"], one["finished"]) for one in answer["passes"]] == [("train", True), ("tune", True)]
        assert [generation for kind, generation, _ in log() if kind == "begin"] == [1, 2]
        assert [step for kind, _, step in log() if kind == "checkpoint"] == [5, 10, 15, 20]
        assert tree_digest(store.get(bucket, "out", tmp_path / "tree")) == tree_digest(local)
        assert (local / "tune" / "weights.json").exists()


def train_pods(cluster: Any, namespace: str) -> list[dict[str, Any]]:
    """Of the gang that trains, by their index."""
    found = cluster.get("pods", "-n", namespace, "-l", "visemill.dev/pass=train")["items"]
    return sorted(found, key=lambda pod: pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])
