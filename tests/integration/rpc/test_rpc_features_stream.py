"""Frames streamed to FeatureService by a plain client give, while they come, the vectors that a run's npz holds."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

from visemill.v1 import common_pb2, features_pb2, features_pb2_grpc

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CLIP = "autsl_signer0_sample1000"
BATCH_SIZE = 8


@pytest.fixture(scope="module")
def server(serve_features: Any) -> Any:
    server = serve_features("--num-children", "1", "--batch-size", str(BATCH_SIZE))
    yield server
    server.kill()


@pytest.mark.slow
def test_a_plain_client_streams_a_real_clips_frames_and_receives_what_the_npz_holds(
    testdata: Path, tmp_path: Path, server: Any, serve_stage: Any
) -> None:
    clip = testdata / "data" / "sign" / f"{CLIP}.mp4"
    run = [sys.executable, "-m", "orchestrator.cli.main", "run", "sign", str(clip), str(tmp_path / "out")]
    run += ["--write-iv3-features", "--disable-parquet", "--batch-size", str(BATCH_SIZE)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out" / f"{CLIP}.npz", allow_pickle=False) as arrays:
        expected_TD, times_ms_T = arrays["X2048"], arrays["timestamps_ms"]
    assert len(expected_TD) > 2 * BATCH_SIZE, "fewer frames than show that answers come in between"

    decode = serve_stage("decode", "--num-children", "1", "--sampling", "grid", "--target-fps", "15")
    stubs = tmp_path / "stubs"
    shutil.copytree(ROOT / "protos", stubs, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "plain_frames_client.py", tmp_path)
    argv = [sys.executable, "-I", "plain_frames_client.py", str(stubs), decode.target, server.target, str(clip)]
    client = subprocess.run(
        [*argv, str(BATCH_SIZE)], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert client.returncode == 0, client.stderr
    answer = json.loads(client.stdout)
    assert answer["ours"] == []
    assert answer["vectors"] == expected_TD.tobytes().hex()
    assert [int(1000 * pts_s) for pts_s in answer["pts_s"]] == times_ms_T.tolist()
    assert answer["indices"] == list(range(0, len(expected_TD), BATCH_SIZE))
    assert answer["kinds"] == ["info", *["chunk"] * len(answer["indices"])]


def start_of(height_px: int, width_px: int) -> features_pb2.ExtractRequest:
    size = features_pb2.FrameSize(height_px=height_px, width_px=width_px)
    return features_pb2.ExtractRequest(start=features_pb2.ExtractStart(frames=size))


def test_frames_that_break_off_leave_the_server_fit_for_the_next(server: Any) -> None:
    def chunk(first_index: int, num_frames: int) -> features_pb2.ExtractRequest:
        frames = common_pb2.FrameChunk(
            first_index=first_index, pts_s=[0.0] * num_frames, frames=bytes(num_frames * 8 * 8 * 3)
        )
        return features_pb2.ExtractRequest(chunk=frames)

    with grpc.insecure_channel(server.target) as channel:
        stub = features_pb2_grpc.FeatureServiceStub(channel)
        broken = iter([start_of(8, 8), chunk(0, BATCH_SIZE), chunk(99, 1)])
        kinds = []
        with pytest.raises(grpc.RpcError, match="frame 99 where frame 8 was due"):
            for response in stub.Extract(broken, timeout=60):
                kinds.append(response.WhichOneof("message"))
        assert kinds == ["info", "chunk"]
        with pytest.raises(grpc.RpcError, match="not one frame came"):
            list(stub.Extract(iter([start_of(8, 8)]), timeout=60))
        whole = list(stub.Extract(iter([start_of(8, 8), chunk(0, 2 * BATCH_SIZE)]), timeout=60))
        assert [r.chunk.first_index for r in whole if r.WhichOneof("message") == "chunk"] == [0, BATCH_SIZE]
