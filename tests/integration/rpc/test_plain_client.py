"""Whoever has the protos and grpcio can decode a clip and get its points, from another process and without our code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from services.base.media.clip import Clip, Media
from services.base.stage.spec import ClipJob
from services.containers.config import DecodeConfig
from services.decode.stage import open_stage as open_decode
from services.landmarks.spec import LandmarksConfig
from services.landmarks.stage import open_stage

HERE = Path(__file__).resolve().parent
PROTOS = HERE.parents[2] / "protos"


def test_a_plain_client_gets_the_frames_and_the_points_of_a_real_clip(
    testdata: Path, tmp_path: Path, decode_server: Any, landmarks_server: Any
) -> None:
    clip = testdata / "data/grid/s1_processed/bbaf2n.mpg"
    stubs = tmp_path / "stubs"
    shutil.copytree(PROTOS, stubs, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "plain_client.py", tmp_path)
    argv = [sys.executable, "-I", "plain_client.py", str(stubs), decode_server.target, landmarks_server.target]
    process = subprocess.run([*argv, str(clip)], cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False)
    assert process.returncode == 0, process.stderr
    answer = json.loads(process.stdout)
    assert Path(answer["stubs"]).is_relative_to(stubs)
    assert answer["ours"] == []

    media = Media.of_file(clip)
    with open_decode(DecodeConfig())(media) as stream:
        chunks = list(stream)
        info, facts = stream.info, stream.facts()
    frames = np.concatenate([c.frames_THWC for c in chunks])
    assert answer["decode"] == {
        "size": [360, 288],
        "num_frames": 75,
        "pts_s": [float(t) for c in chunks for t in c.pts_s],
        "sum": int(frames.sum(dtype=np.int64)),
    }

    consumer = open_stage(LandmarksConfig())(ClipJob(Clip("c", "c", "", "c"), media), info)
    for chunk in chunks:
        consumer.push(chunk)
    here = consumer.finish({"info": info, "facts": facts})
    there = answer["landmarks"]
    assert there["topology"] == here.topology == "mediapipe-478"
    points_TNC = np.array(there["points"], np.float32).reshape(75, 478, 2)
    assert points_TNC.tobytes() == here.points_TNC.tobytes()
    assert set(there["sources"]) <= {"POINT_SOURCE_DETECTED", "POINT_SOURCE_TRACKED"}
