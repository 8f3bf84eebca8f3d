"""Decode and features of a real clip through the entry point: the same bytes whatever chunks, threads and process."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from services.base.media.features import Features
from services.base.stage.artifacts import decode_artifact
from services.features.spec import SPEC

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clip(testdata: Path) -> Path:
    path = testdata / "data" / "sign" / "pose_test_video.mp4"
    if not path.is_file():
        pytest.skip(f"no real clip at {path}")
    return path


def once(clip: Path, save: Path, num_threads: int, **decode: object) -> bytes:
    configs = {
        "decode": {"sampling": "grid", "target_fps": 4.0, **decode},
        "features": {"batch_size": 4, "device": "cpu"},
    }
    argv = [sys.executable, "-m", "services", "decode,features", "once", str(clip), "--save", str(save)]
    argv += ["--config", json.dumps(configs), "--num-threads", str(num_threads)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    return Path(answer["saved"]["features"]).read_bytes()


def test_chunks_threads_and_processes_change_no_byte(clip: Path, tmp_path: Path) -> None:
    one = once(clip, tmp_path / "one", 1)
    other = once(clip, tmp_path / "other", 2, chunk_bytes=1)
    assert one == other
    made = decode_artifact(one, SPEC.artifacts)
    assert isinstance(made, Features)
    assert (made.model, made.weights, made.num_split_batches) == ("inception_v3", "seeded:0", 0)
    assert made.vectors_TD.shape == (len(made.pts_s_T), 2048)
    assert len(made.pts_s_T) > 4, "more than one batch, or nothing is tried"
    assert np.isfinite(made.vectors_TD).all()
    assert np.abs(np.diff(made.vectors_TD, axis=0)).max() > 0
