"""Pods of `visemill-worker-torch` compute InceptionV3 themselves, as `--features-backend torch` asks.

Asked for by `VISEMILL_E2E_TORCH=1 .venv/bin/pytest tests/e2e/cluster/test_worker_torch.py`: its image takes minutes.
"""

import os
from pathlib import Path

import av
import numpy as np
import pytest

FLAGS = ["--write-keypoints", "--write-iv3-features", "--target-fps", "6", "--id", "7", "--num-shards", "1"]
# docs/features.md: of the outputs' deviation, from one CPU to another.
TOLERANCE = 1e-4

if os.environ.get("VISEMILL_E2E_TORCH"):

    @pytest.mark.slow
    def test_pods_with_torch_give_the_laptops_features(
        cluster, store, images, namespace, testdata, kube_visemill, visemill, tmp_path: Path
    ) -> None:
        """An image that is built and loaded, and a run in the cluster and here: minutes."""
        cluster.load("worker-torch")
        clips = tmp_path / "clips"
        clips.mkdir()
        write_second(testdata / "data" / "sign" / "pose_test_video.mp4", clips / "clip.mp4")
        bucket = store.new_bucket()
        roots = ["--input-root", store.put(clips, bucket, "in"), "--output-root", f"s3://{bucket}/out"]
        where = ["--cluster", "kube", "--namespace", namespace, "--image", images.name("worker-torch")]
        sizes = ["--parallelism", "1", "--clip-memory-mib", "2000", "--pods-memory-mib", "3000", "--pods-cpu", "1"]
        backend = ["--features-backend", "torch"]
        kube_visemill.ok("run", "sign", *roots, *FLAGS, *backend, *where, *sizes)
        here = tmp_path / "here"
        visemill.ok("run", "sign", "--input-root", clips, "--output-root", here, *FLAGS, *backend)
        there = store.get(bucket, "out", tmp_path / "there")
        with np.load(here / "clip.npz") as expected, np.load(there / "clip.npz") as found:
            assert set(expected.files) == set(found.files) and found["X2048"].any()
            for array in set(expected.files) - {"X2048"}:
                assert found[array].tobytes() == expected[array].tobytes(), array
            assert np.abs(found["X2048"] - expected["X2048"]).max() < TOLERANCE * expected["X2048"].std()


def write_second(source: Path, target: Path) -> None:
    """The first second of a real video."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = None
        for frame, _ in zip(read.decode(video=0), range(30), strict=False):
            if stream is None:
                stream = written.add_stream("mpeg4", rate=30)
                stream.height, stream.width = frame.height, frame.width
                stream.bit_rate, stream.pix_fmt = 4_000_000, "yuv420p"
            picture = frame.to_ndarray(format="rgb24")
            written.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        written.mux(stream.encode())
