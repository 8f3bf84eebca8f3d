"""What `verify --recompute` takes for the same clip: bytes, or with a server's features each field by its rule."""

import numpy as np

from orchestrator.pipelines.sign.pipeline import PIPELINE
from services.base.run.spec import PinnedStage, RunSpec
from services.records.sign.files.npz import encode_npz
from services.triton.measures import TOLERANCE

X2048 = np.random.default_rng(3).random((2, 2048), np.float32)


def spec(**features: str) -> RunSpec:
    return RunSpec("r", "sign", "d", (PinnedStage("features", features),), "/in", "/out", 1, 1, "c", {})


def npz(x: np.ndarray) -> bytes:
    return encode_npz({"X2048": x}, {"video": "a.mp4"})


def moved(share: float) -> np.ndarray:
    other = X2048.copy()
    other[0, 0] += np.float32(share * X2048.std())
    return other


def test_a_servers_features_need_only_be_within_the_tolerance():
    near = PIPELINE.compare(spec(backend="triton"), npz(X2048), npz(moved(TOLERANCE / 2)))
    assert near.problems == () and 0 < near.deviations["X2048"] < TOLERANCE
    far = PIPELINE.compare(spec(backend="triton"), npz(X2048), npz(moved(3 * TOLERANCE)))
    assert len(far.problems) == 1 and far.problems[0].startswith("X2048: differs by up to 0.0003")


def test_features_made_in_process_are_the_same_bytes():
    apart = PIPELINE.compare(spec(backend="torch"), npz(X2048), npz(moved(TOLERANCE / 2)))
    assert apart.problems == ("gives other bytes when it is made again",)
    assert PIPELINE.compare(spec(backend="torch"), npz(X2048), npz(X2048)).problems == ()


def test_a_torn_file_is_told_and_ends_nothing():
    (problem,) = PIPELINE.compare(spec(backend="triton"), npz(X2048)[:-40], npz(X2048)).problems
    assert "these bytes are no npz" in problem
