"""Features over gRPC: the vectors that this process would compute, to the last bit, for whoever has the protos."""

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.base.errors import BadConfig, BadInput
from services.base.media.clip import Clip, Media
from services.base.media.features import Features
from services.base.media.video import FrameChunk
from services.base.stage.spec import ClipJob, ConfiguredStage
from services.containers.config import DecodeConfig
from services.decode.stage import open_stage as open_decode

pytest.importorskip("torch", reason="the features extra is not installed")

from services.decode.spec import SPEC as DECODE_SPEC
from services.features.rpc import open_remote
from services.features.spec import FeaturesConfig
from services.features.stage import open_stage

HERE = Path(__file__).resolve().parent
PROTOS = HERE.parents[2] / "protos"
DECODE = ConfiguredStage(DECODE_SPEC, DecodeConfig())
CONFIG = FeaturesConfig(batch_size=4)


@pytest.fixture(scope="module")
def start_features(serve_features: Any) -> Iterator[Any]:
    """Starts servers with one child, whose network is torch's; ends them with the module."""
    started: list[Any] = []

    def start(*flags: str) -> Any:
        started.append(serve_features("--num-children", "1", "--batch-size", "4", *flags))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="module")
def features_server(start_features: Any) -> Any:
    return start_features()


@pytest.fixture(scope="module")
def frames_NHWC() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (6, 90, 120, 3), np.uint8)


def carried(consumer: Any, frames_NHWC: np.ndarray) -> Features:
    """Through a consumer, in chunks of 5."""
    for start in range(0, len(frames_NHWC), 5):
        part = frames_NHWC[start : start + 5]
        consumer.push(FrameChunk(start, part, (start + np.arange(len(part))) / 25.0))
    return consumer.finish({})


def job(name: str = "clip") -> ClipJob:
    return ClipJob(Clip(name, name, "", name), Media.of_bytes(name, b""))


@pytest.fixture(scope="module")
def here(frames_NHWC: np.ndarray) -> Features:
    return carried(open_stage(CONFIG)(job(), None), frames_NHWC)


def test_a_remote_stage_gives_what_the_stage_gives(
    features_server: Any, frames_NHWC: np.ndarray, here: Features
) -> None:
    there = carried(open_remote(features_server.target, CONFIG, DECODE)(job(), None), frames_NHWC)
    assert (there.model, there.weights, there.num_split_batches) == (here.model, here.weights, 0)
    assert there.vectors_TD.tobytes() == here.vectors_TD.tobytes()
    assert there.pts_s_T.tobytes() == here.pts_s_T.tobytes()


def test_a_plain_client_gets_the_vectors_of_its_frames_and_of_a_real_clip(
    testdata: Path, tmp_path: Path, features_server: Any, frames_NHWC: np.ndarray, here: Features
) -> None:
    clip = testdata / "data/sign/autsl_signer0_sample1000.mp4"
    stubs = tmp_path / "stubs"
    shutil.copytree(PROTOS, stubs, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "plain_features_client.py", tmp_path)
    num_frames, height_px, width_px = frames_NHWC.shape[:3]
    (tmp_path / "frames").write_bytes(struct.pack("<III", width_px, height_px, num_frames) + frames_NHWC.tobytes())
    argv = [sys.executable, "-I", "plain_features_client.py", str(stubs), features_server.target, str(clip), "frames"]
    process = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False)
    assert process.returncode == 0, process.stderr
    answer = json.loads(process.stdout)
    assert answer["ours"] == []
    assert answer["frames"]["vectors"] == here.vectors_TD.tobytes().hex()
    assert (answer["frames"]["dims"], answer["frames"]["weights"]) == (2048, "seeded:0")

    consumer = open_stage(CONFIG)(job(), None)
    with open_decode(DecodeConfig(sampling="grid", target_fps=2.0))(Media.of_file(clip)) as stream:
        for chunk in stream:
            consumer.push(chunk)
    expected = consumer.finish({})
    assert answer["clip"]["vectors"] == expected.vectors_TD.tobytes().hex()
    assert answer["clip"]["pts_s"] == expected.pts_s_T.tolist()
    assert answer["clip"]["decoded"] > 0


def test_another_network_or_other_settings_are_refused(features_server: Any, frames_NHWC: np.ndarray) -> None:
    with pytest.raises(BadConfig, match=r"MODEL_DIFFERS.*seeded:1.*seeded:0"):
        carried(
            open_remote(features_server.target, FeaturesConfig(batch_size=4, seed=1), DECODE)(job(), None), frames_NHWC
        )
    with pytest.raises(BadConfig, match="CONFIG_DIFFERS"):
        carried(open_remote(features_server.target, FeaturesConfig(batch_size=8), DECODE)(job(), None), frames_NHWC)


def test_a_clip_whose_frames_change_size_is_refused_as_in_process(features_server: Any) -> None:
    consumer = open_remote(features_server.target, CONFIG, DECODE)(job(), None)
    consumer.push(FrameChunk(0, np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1)))
    with pytest.raises(BadInput, match="FRAME_SIZE_CHANGED"):
        consumer.push(FrameChunk(1, np.zeros((1, 8, 9, 3), np.uint8), np.ones(1)))


def test_a_server_that_is_started_again_costs_nothing(
    start_features: Any, frames_NHWC: np.ndarray, here: Features
) -> None:
    """The first batch goes to one server; it is gone before the second, which its successor computes."""
    first = start_features()
    consumer = open_remote(first.target, CONFIG, DECODE)(job(), None)
    consumer.push(FrameChunk(0, frames_NHWC[:4], np.arange(4) / 25.0))
    first.kill()
    start_features("--listen", first.target)
    consumer.push(FrameChunk(4, frames_NHWC[4:], np.arange(4, 6) / 25.0))
    assert consumer.finish({}).vectors_TD.tobytes() == here.vectors_TD.tobytes()
