"""`visemill train grid-ctc --cluster kube`: records and results in MinIO, what may happen to pods, a cancel, a resume.

Asked for by `VISEMILL_E2E_TORCH=1 .venv/bin/pytest tests/e2e/cluster/test_train_grid_ctc_torch.py`: its image takes
minutes.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from chart_services import CHART, only
from grid_records import MadeClip, speakers_clips, write_shards
from kube_runs import Watched, run_out_of_memory

NUM_RANKS, NUM_EPOCHS = 2, 120
SETTINGS = [
    *("--size", "tiny", "--num-epochs", NUM_EPOCHS, "--batch-frames", 12, "--accumulation-steps", 2),
    *("--num-workers", 1, "--num-threads", 1, "--save-every-s", 0.001, "--save-every", 20, "--num-ranks", NUM_RANKS),
]
WHERE = ["--ranks-per-pod", 1, "--pods-cpu", "0.6", "--pods-memory-mib", 1500]

if os.environ.get("VISEMILL_E2E_TORCH"):

    @pytest.fixture
    def records(tmp_path: Path) -> Path:
        root = tmp_path / "records"
        val = [MadeClip("s1", "v"), MadeClip("s2", "v")]
        write_shards(root, {"train": [speakers_clips("s1", "s2", clips=6)], "val": [val]})
        return root

    @pytest.fixture
    def local(visemill: Any, records: Path, tmp_path: Path) -> Path:
        """The same training here, left alone."""
        out = tmp_path / "local"
        visemill.ok("train", "grid-ctc", "--data-root", records, "--checkpoint-dir", out, *SETTINGS)
        return out

    @pytest.mark.slow
    def test_a_training_outlives_pods_memory_a_node_and_a_cancel_and_learns_what_it_does_here(
        cluster, store, namespace, kube_visemill, records: Path, local: Path, figure, tmp_path: Path
    ) -> None:
        """An image that is built and loaded, and five generations of pods that import torch: minutes."""
        cluster.nodes(2)
        cluster.load("training")
        cluster.restart("kube-controller-manager", "--node-monitor-grace-period=16s")
        cluster.helm("install", "visemill", CHART, "-n", namespace, *(f"--set={name}=false" for name in only()))
        bucket = store.new_bucket()
        roots = ["--data-root", store.put(records, bucket, "in"), "--checkpoint-dir", f"s3://{bucket}/out"]
        words = ["train", "grid-ctc", *roots, *SETTINGS, "--cluster", "kube", "--namespace", namespace, *WHERE]

        def has_saved(generation: int) -> bool:
            names = store.names(bucket, "out/.visemill/runs")
            return any("/passes/train/checkpoints/" in name and f"-{generation:05d}-" in name for name in names)

        def goes_on(run: Watched, generation: int, what: str) -> None:
            """Until it has saved: each step is saved, or waits for the one before."""
            since_s = time.monotonic()
            begins = f"generation {generation} starts"
            cluster.wait("another generation", lambda: begins in run.words or run.process.poll() is not None, 180)
            working_s = cluster.wait("its pods at work", lambda: all_running(cluster, namespace, generation), 180)
            cluster.wait("its checkpoint", lambda: has_saved(generation) or run.process.poll() is not None, 240)
            assert run.process.poll() is None, run.words
            now_s = time.monotonic()
            figure(f"{what}: next step within {now_s - since_s:.1f} s, {now_s - working_s:.1f} s after its pods began")

        run = Watched(kube_visemill.start(*words, "-o", "json"))
        try:
            goes_on(run, 1, "command")
            first = train_pods(cluster, namespace)
            assert len(first) == NUM_RANKS
            cluster.kubectl("delete", "pod", "-n", namespace, "--wait=false", "--grace-period=0", "--force", first[1])
            goes_on(run, 2, "pod of rank 1 killed")
            run_out_of_memory(cluster, namespace, train_pods(cluster, namespace)[0])
            goes_on(run, 3, "rank 0 out of memory")
            assert "generation 3 starts: pod 0 of generation 2 ended with 137: MEMORY_RAN_OUT" in run.words
            if cluster.own:
                assert "node-1" in nodes_of(cluster, namespace)
                cluster.script("kill-node", 1)
                goes_on(run, 4, "node killed")

            where = ["--cluster", "kube", "--output-root", f"s3://{bucket}/out", "--namespace", namespace]
            kube_visemill.ok("cancel", *where)
            cluster.wait("the end of its pods", lambda: not train_pods(cluster, namespace), 120)
            run.end(240)
            assert run.process.returncode != 0, run.words
            again = Watched(kube_visemill.start(*words, "-o", "json"))
            answer = again.end(400)
        finally:
            if not cluster.is_running("kubelet-1"):
                cluster.script("start-node", 1)
        assert again.process.returncode == 0 and answer["finished"], again.words
        for at_s, line in run.said + again.said:
            figure(f"{at_s - run.said[0][0]:6.1f} s  {line}")

        there = store.get(bucket, "out", tmp_path / "there")
        losses = [epoch_losses(folder) for folder in (local, there)]
        assert len(losses[0]) == len(losses[1]) == NUM_EPOCHS
        worst = max(abs(one - other) for one, other in zip(*losses, strict=True))
        figure(f"losses of {NUM_EPOCHS} epochs: {worst:.1e} from those of a training here, at most")
        assert worst < 1e-4
        assert {path.name for path in there.iterdir()} >= {"best_model.pt", f"checkpoint_epoch_{NUM_EPOCHS}.pt", "logs"}

    @pytest.mark.slow
    def test_pods_that_run_out_of_memory_get_more(
        cluster, store, namespace, kube_visemill, records: Path, figure
    ) -> None:
        """Two generations of pods that import torch."""
        cluster.load("training")
        cluster.helm("install", "visemill", CHART, "-n", namespace, *(f"--set={name}=false" for name in only()))
        bucket = store.new_bucket()
        roots = ["--data-root", store.put(records, bucket, "in"), "--checkpoint-dir", f"s3://{bucket}/out"]
        where = ["--cluster", "kube", "--namespace", namespace, "--pods-cpu", "0.8", "--ranks-per-pod", 1]
        sizes = ["--pods-memory-mib", 300, "--pods-max-memory-mib", 2400]
        run = Watched(
            kube_visemill.start("train", "grid-ctc", *roots, *SETTINGS, "--num-epochs", 2, *where, *sizes, "-o", "json")
        )

        def of_second() -> str:
            """Memory of the pods of the second generation, whose Job is gone in the end."""
            jobs = cluster.get("jobs", "-n", namespace, "-l", "visemill.dev/generation=2")["items"]
            return jobs[0]["metadata"]["annotations"]["visemill.dev/memory-mib"] if jobs else ""

        assert cluster.wait("another generation", of_second, 120) == "600"
        answer = run.end(400)
        for at_s, line in run.said:
            figure(f"{at_s - run.said[0][0]:6.1f} s  {line}")
        assert run.process.returncode == 0 and answer["finished"], run.words
        assert "MEMORY_RAN_OUT" in run.words and "generation 2 starts: pod " in run.words


def train_pods(cluster: Any, namespace: str) -> list[str]:
    """Names of those that are there, by their index."""
    found = cluster.get("pods", "-n", namespace, "-l", "visemill.dev/pass=train")["items"]
    found.sort(key=lambda pod: pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])
    return [pod["metadata"]["name"] for pod in found if not pod["metadata"].get("deletionTimestamp")]


def all_running(cluster: Any, namespace: str, generation: int) -> float:
    """When it was seen first that all pods of a generation run, by time.monotonic(); 0 while they do not."""
    words = f"visemill.dev/pass=train,visemill.dev/generation={generation}"
    found = cluster.get("pods", "-n", namespace, "-l", words)["items"]
    running = [pod for pod in found if pod["status"]["phase"] == "Running"]
    return time.monotonic() if len(running) == NUM_RANKS else 0.0


def nodes_of(cluster: Any, namespace: str) -> set[str]:
    """Where pods of the training are."""
    found = cluster.get("pods", "-n", namespace, "-l", "visemill.dev/pass=train")["items"]
    return {pod["spec"].get("nodeName", "") for pod in found if not pod["metadata"].get("deletionTimestamp")}


def epoch_losses(folder: Path) -> list[float]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line["train_loss"] for line in lines if "train_loss" in line]
