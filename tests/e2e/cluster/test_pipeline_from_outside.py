"""A pipeline of sound alone that is not of this checkout, on a cluster: its image is the worker's with a layer more."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kube_runs import Watched
from layered_image import layered
from tones_fork import PACKAGE, TONES_HZ, checkout, tables, write_tones

pytestmark = pytest.mark.slow

APP = "opt/visemill/app"
IMAGE = "visemill-worker-tones:test"
NUM_SHARDS = 3
# The volume of pods' model files; what holds a clip lies in it, so that the test can take it away.
HOLD = "/models/hold"


@pytest.fixture
def image(cluster: Any, images: Any, tmp_path: Path) -> str:
    """The name of the image, which node-0 holds."""
    if not cluster.own:
        pytest.skip("the image is made here, and of no registry")
    cluster.load("worker")
    files = {f"{APP}/tones/{path.name}": path.read_bytes() for path in PACKAGE.glob("*.py")}
    for name, text in tables().items():
        path = Path(APP, name)
        files[str(path)] = text.encode()
        # The image's bytecode would be taken instead, whatever stands in the file.
        files[str(path.parent / "__pycache__" / f".wh.{path.stem}.cpython-311.pyc")] = b""
    archive = layered(images.build("worker"), IMAGE, files, tmp_path / "tones.tar")
    cluster.script("load", archive)
    return IMAGE


@pytest.fixture
def models(cluster: Any, namespace: str, tmp_path: Path) -> Iterator[Path]:
    """A folder of this machine that pods read at /models, by the claim `models`."""
    folder = tmp_path / "models"
    folder.mkdir()
    volume = {
        "storageClassName": "",
        "accessModes": ["ReadOnlyMany"],
    }
    name = f"{namespace}-models"
    claim = {**volume, "volumeName": name, "resources": {"requests": {"storage": "1Mi"}}}
    volume |= {"capacity": {"storage": "1Mi"}, "hostPath": {"path": str(folder)}}
    volume["claimRef"] = {"namespace": namespace, "name": "models"}
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": volume})
    metadata = {"name": "models", "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim})
    yield folder
    cluster.kubectl("delete", "persistentvolume", "--wait=false", name, code=None)


def test_its_pods_give_the_bytes_of_a_local_run_though_one_is_killed(
    cluster, store, namespace, image, models, visemill_in, tree_digest, tmp_path
):
    """Over 20 s: Kubernetes waits 10 s before it replaces a pod that has failed."""
    fork, wavs = checkout(tmp_path / "fork"), write_tones(tmp_path / "wavs")
    # Safe, else the folder that a command is started in would come first.
    environment = {"PYTHONPATH": str(fork), "PYTHONSAFEPATH": "1"}
    local = tmp_path / "local"
    visemill_in(environment).ok(
        "run", "tones", "--input-root", wavs, "--output-root", local, "--num-shards", NUM_SHARDS
    )

    bucket = store.new_bucket()
    roots = ["--input-root", store.put(wavs, bucket, "in"), "--output-root", f"s3://{bucket}/out"]
    where = ["--cluster", "kube", "--namespace", namespace, "--image", image, "--models-claim", "models"]
    sizes = ["--parallelism", NUM_SHARDS, "--pods-cpu", "0.5", "--clip-memory-mib", 500, "--pods-memory-mib", 600]
    hold = models / Path(HOLD).name
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
