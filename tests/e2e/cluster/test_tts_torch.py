"""Pods of `visemill-worker-torch` make the laptop's speech features of clips in MinIO, though one of them is killed.

Asked for by `VISEMILL_E2E_TORCH=1 .venv/bin/pytest tests/e2e/cluster/test_tts_torch.py`: its image takes minutes.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from kube_runs import Watched
from layered_image import layered
from tts_corpus import spoken, tiny_config, tokenizer, write_manifest

IMAGE = "visemill-worker-torch-tts:test"
NUM_SHARDS = 2

if os.environ.get("VISEMILL_E2E_TORCH"):

    @pytest.fixture
    def models(testdata: Path) -> Iterator[Path]:
        """Model files at a path that pods have too: not below /tmp, which is a volume of theirs."""
        with tempfile.TemporaryDirectory(prefix="visemill-tts-", dir="/var/tmp") as name:
            folder = Path(name)
            tiny_config(folder)
            shutil.copy(tokenizer(testdata), folder / "bpe.model")
            yield folder

    @pytest.mark.slow
    def test_the_same_bytes_as_here_though_a_pod_is_killed(
        cluster, store, images, namespace, testdata, models, kube_visemill, visemill, tmp_path: Path
    ) -> None:
        """An image that is built and loaded, pods that import torch, and a run in the cluster and here: minutes."""
        cluster.load("worker-torch")
        files = {str(path.relative_to("/")): path.read_bytes() for path in sorted(models.iterdir())}
        cluster.script("load", layered(images.build("worker-torch"), IMAGE, files, tmp_path / "tts.tar"))
        corpus = tmp_path / "corpus"
        lines = spoken(testdata)
        for line in lines:
            audio = Path(line["audio"])
            line["audio"] = f"wav/{audio.name}"
            (corpus / "wav").mkdir(parents=True, exist_ok=True)
            shutil.copy(audio, corpus / "wav")
        write_manifest(corpus / "manifest.jsonl", lines)
        bucket = store.new_bucket()
        root = store.put(corpus, bucket, "in")
        what = ["--tokenizer", models / "bpe.model", "--config", models / "config.yaml", "--device", "cpu"]
        what += ["--num-shards", NUM_SHARDS]
        where = ["--cluster", "kube", "--namespace", namespace, "--image", IMAGE, "--parallelism", "1"]
        sizes = ["--clip-memory-mib", "1500", "--pods-memory-mib", "2500", "--pods-cpu", "1"]
        there = ["--manifest", f"{root}/manifest.jsonl", "--output-dir", f"s3://{bucket}/out"]
        run = Watched(kube_visemill.start("run", "tts", *there, *what, *where, *sizes, "-o", "json"))

        def working() -> str:
            pods = cluster.get("pods", "-n", namespace, "--field-selector=status.phase=Running")["items"]
            return pods[0]["metadata"]["name"] if pods else "" if run.process.poll() is None else "none"

        pod = cluster.wait("a pod at work", working, 240)
        cluster.kubectl("delete", "pod", "-n", namespace, pod, "--grace-period=0", "--force")
        answer = run.end(400)
        assert run.process.returncode == 0 and answer["finished"], run.words

        here = tmp_path / "here"
        visemill.ok("run", "tts", "--manifest", corpus / "manifest.jsonl", "--output-dir", here, *what)
        made, expected = files_of(store.get(bucket, "out", tmp_path / "there")), files_of(here)
        assert made.keys() == expected.keys() and any(name.startswith("codes/") for name in made)
        assert [name for name in made if made[name] != expected[name]] == []
        assert json.loads(made["stats.json"])["total"] == len(lines)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of an output but its state, which holds times."""
    found = [path for path in folder.rglob("*") if path.is_file() and ".visemill" not in path.relative_to(folder).parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
