"""Sign clips on a cluster, features from a Triton pod: the keypoints of a local run, bit for bit; Triton may die."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from chart_services import CHART, only
from kube_runs import Watched

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
TRITON = "app.kubernetes.io/component=triton"
NUM_CLIPS = 3
# docs/features.md: of the outputs' deviation, from either backend in the worker.
TOLERANCE = 1e-4
FLAGS = ["--write-keypoints", "--write-iv3-features", "--target-fps", "6", "--id", "7", "--num-shards", str(NUM_CLIPS)]


@pytest.fixture
def clips(testdata: Path, tmp_path: Path) -> Path:
    """A second each of a real clip, from three places."""
    root = tmp_path / "clips"
    root.mkdir()
    with av.open(str(testdata / "data" / "sign" / "pose_test_video.mp4")) as source:
        frames = [frame.to_ndarray(format="rgb24") for frame, _ in zip(source.decode(video=0), range(80), strict=False)]
    for i in range(NUM_CLIPS):
        with av.open(str(root / f"clip{i}.mp4"), "w") as target:
            stream = target.add_stream("mpeg4", rate=30)
            stream.height, stream.width = frames[0].shape[:2]
            stream.bit_rate, stream.pix_fmt = 4_000_000, "yuv420p"
            for frame in frames[8 * i : 8 * i + 30]:
                target.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            target.mux(stream.encode())
    return root


@pytest.fixture
def triton(cluster: Any, store: Any, namespace: str) -> Iterator[str]:
    """The chart's Triton alone, behind one address that pods and the command line reach."""
    cluster.load("worker", "triton")
    values = {
        **only("triton"),
        "image.registry": cluster.images.registry.rstrip("/"),
        "services.triton.headless": False,
        "services.triton.resources.requests.cpu": "100m",
    }
    given = [f"--set-json={name}={json.dumps(value)}" for name, value in values.items()]
    cluster.helm("install", "visemill", CHART, "-n", namespace, *given, "--wait", "--timeout", "300s")
    yield cluster.get("service", "visemill-triton", "-n", namespace)["spec"]["clusterIP"] + ":8001"
    cluster.helm("uninstall", "visemill", "-n", namespace, code=None)


def test_keypoints_are_the_same_and_features_within_the_tolerance_though_triton_dies(
    cluster, store, images, namespace, triton, clips, kube_visemill, visemill, tmp_path
):
    """InceptionV3 over three clips on a CPU, in the cluster and here, and a Triton that starts twice: over 20 s."""
    bucket = store.new_bucket()
    roots = ["--input-root", store.put(clips, bucket, "in"), "--output-root", f"s3://{bucket}/out"]
    where = ["--cluster", "kube", "--namespace", namespace, "--image", images.name("worker"), "--parallelism", "1"]
    sizes = ["--clip-memory-mib", "1500", "--pods-memory-mib", "2000", "--pods-cpu", "1"]
    words = ["run", "sign", *roots, *FLAGS, "--triton", triton, *where, *sizes, "-o", "json"]
    run = Watched(kube_visemill.start(*words))

    def done() -> list[str]:
        return [name for name in store.names(bucket, "out") if name.endswith("done.json")]

    cluster.wait("a shard that is done", lambda: done() or run.process.poll() is not None, 240)
    (pod,) = cluster.get("pods", "-n", namespace, "-l", TRITON)["items"]
    cluster.kubectl("delete", "pod", "-n", namespace, pod["metadata"]["name"], "--grace-period=0", "--force")
    assert len(done()) < NUM_CLIPS
    answer = run.end(400)
    assert run.process.returncode == 0 and answer["finished"], run.words

    local = tmp_path / "local"
    visemill.ok("run", "sign", "--input-root", clips, "--output-root", local, *FLAGS)
    made = store.get(bucket, "out", tmp_path / "tree")
    names = sorted(path.name for path in local.glob("*.npz"))
    assert names == sorted(path.name for path in made.glob("*.npz")) and len(names) == NUM_CLIPS
    assert (made / "labels.csv").read_bytes() == (local / "labels.csv").read_bytes()
    for name in names:
        assert entries(made / name) == entries(local / name)
        with np.load(local / name) as expected, np.load(made / name) as found:
            assert set(expected.files) == set(found.files)
            assert found["mask"].any()
            for array in set(expected.files) - {"X2048"}:
                assert found[array].tobytes() == expected[array].tobytes(), (name, array)
            far = np.abs(found["X2048"] - expected["X2048"]).max() / expected["X2048"].std()
            assert far < TOLERANCE, (name, far)
    shutil.rmtree(made)


def entries(path: Path) -> list[tuple[object, ...]]:
    """What an npz says of its arrays, beside their bytes: the pod's Python is another than the one here."""
    with zipfile.ZipFile(path) as file:
        return [
            (entry.filename, entry.date_time, entry.create_version, entry.extract_version, entry.flag_bits)
            for entry in file.infolist()
        ]
