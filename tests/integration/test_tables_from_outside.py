"""Networks and backends of landmarks from outside the checkout: a package each, and a line in its table."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from forked_checkout import FAKES, assert_only_tables_touched, environment_of, forked

from services.base.errors import BadConfig
from services.base.media.clip import Clip, Media
from services.base.media.points import Landmarks
from services.base.media.topology import WFLW_98, topology
from services.base.media.video import FrameChunk
from services.base.stage.artifacts import decode_artifact
from services.base.stage.spec import ClipJob, ConfiguredStage
from services.containers.config import DecodeConfig
from services.decode.spec import SPEC as DECODE
from services.decode.stage import open_stage as open_decode
from services.landmarks import rpc
from services.landmarks.backends import BACKENDS
from services.landmarks.spec import SPEC, LandmarksConfig
from services.landmarks.stage import open_stage

TABLES = {
    "services/landmarks/backends.py": (
        'BACKENDS: dict[str, str] = {\n    "mediapipe"',
        '    "pfld98": "pfld98.spec",\n',
    ),
}
NUM_FRAMES = 4
PFLD = {"backend": "pfld98"}
LIMIT_S = 120


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return forked(tmp_path_factory.mktemp("fork"), TABLES, ["pfld98"])


@pytest.fixture(scope="module")
def environment(fork: Path, testdata: Path) -> dict[str, str]:
    """Of processes of the fork, whose model files lie in a folder as a volume of models has them."""
    return {**environment_of(fork), "VISEMILL_MODELS": str(testdata / "weights")}


@pytest.fixture
def in_this_process(testdata: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same line in this process's table."""
    monkeypatch.syspath_prepend(str(FAKES))
    monkeypatch.setitem(BACKENDS, "pfld98", "pfld98.spec")
    monkeypatch.setenv("VISEMILL_MODELS", str(testdata / "weights"))


@pytest.fixture(scope="module")
def job(testdata: Path) -> ClipJob:
    path = testdata / "data/grid/s1_processed/bbaf2n.mpg"
    return ClipJob(Clip("bbaf2n", "bbaf2n", "s1", path.name), Media.of_bytes(path.name, path.read_bytes()))


def found_here(job: ClipJob, *, flip: bool = False) -> Landmarks:
    """By the opened stage, in this process."""
    stage = open_stage(LandmarksConfig(**PFLD))
    with open_decode(DecodeConfig(max_frames=NUM_FRAMES))(job.media, None) as stream:
        consumer = stage(job, stream.info)
        for chunk in stream:
            frames = chunk.frames_THWC[:, :, ::-1].copy() if flip else chunk.frames_THWC
            consumer.push(FrameChunk(chunk.first_index, frames, chunk.pts_s))
        found: Landmarks = consumer.finish({"info": stream.info, "facts": stream.facts()})
    return found


def test_only_the_table_is_touched(fork: Path) -> None:
    assert_only_tables_touched(fork, TABLES)


def test_a_run_takes_the_backend_by_its_name(
    fork: Path, environment: dict[str, str], job: ClipJob, in_this_process: None, testdata: Path, tmp_path: Path
) -> None:
    """Through the command line, its worker and the store, to points that are those of this process."""
    clip = tmp_path / "in/s1/bbaf2n.mpg"
    clip.parent.mkdir(parents=True)
    clip.symlink_to(testdata / "data/grid/s1_processed/bbaf2n.mpg")
    align = tmp_path / "in/align/s1/bbaf2n.align"
    align.parent.mkdir(parents=True)
    align.symlink_to(testdata / "data/grid/s1_processed/align/bbaf2n.align")
    argv = [sys.executable, "-m", "orchestrator.cli.main", "run", "grid", "--follow-links"]
    roots = ["--input-root", str(tmp_path / "in"), "--output-root", str(tmp_path / "out")]
    flags = ["--landmarks", "pfld98", "--max-frames", str(NUM_FRAMES), "--num-shards", "1", "--workers", "1"]
    done = subprocess.run(
        [*argv, *roots, *flags, "-o", "json"],
        cwd=fork,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["finished"]
    kept_in = tmp_path / "out/.visemill/artifacts/landmarks"
    (artifact,) = (path for path in kept_in.rglob("*") if path.is_file())
    kept = decode_artifact(artifact.read_bytes(), SPEC.artifacts)
    assert kept.topology == WFLW_98 and kept.present_T.all()
    assert np.abs(kept.points_TNC[:1] - found_here(job).points_TNC[:1]).max() < 1e-3


@pytest.fixture(scope="module")
def served(fork: Path, environment: dict[str, str]) -> Iterator[str]:
    argv = [sys.executable, "-m", "services", "landmarks", "serve", "--listen", "127.0.0.1:0", "--backend", "pfld98"]
    with subprocess.Popen(argv, cwd=fork, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().removeprefix("listening on ").strip()
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=60)


def test_a_server_of_the_backend_gives_the_same_points(served: str, in_this_process: None, job: ClipJob) -> None:
    decode = ConfiguredStage(DECODE, DecodeConfig(max_frames=NUM_FRAMES))
    there: Landmarks = rpc.open_remote(served, LandmarksConfig(**PFLD), decode)(job, None).finish({})
    here = found_here(job)
    assert there.topology == here.topology == WFLW_98
    assert np.array_equal(there.points_TNC, here.points_TNC) and np.array_equal(there.score_T, here.score_T)


def test_a_mirrored_face_has_mirrored_points(in_this_process: None, job: ClipJob) -> None:
    """A real face, frontal and flipped: each point of wflw-98 becomes its twin."""
    here, flipped = found_here(job), found_here(job, flip=True)
    back_TNC = flipped.points_TNC[:, list(topology(WFLW_98).mirror)] * [-1, 1] + [here.width_px - 1, 0]
    right, left = topology(WFLW_98).group("outer_eye_corners")
    eyes_px = np.linalg.norm(here.points_TNC[:, right] - here.points_TNC[:, left], axis=1)
    apart_TN = np.linalg.norm(back_TNC - here.points_TNC, axis=2) / eyes_px[:, None]
    assert apart_TN.max() < 0.1


def test_a_file_with_other_bytes_is_no_file_of_the_backend(
    in_this_process: None, testdata: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("VISEMILL_MODELS", f"{tmp_path}{os.pathsep}{testdata / 'weights'}")
    (tmp_path / "scrfd_2.5g_kps.onnx").write_bytes(b"another")
    with pytest.raises(BadConfig, match=r"MODEL_CHANGED.*scrfd_2.5g_kps.onnx"):
        open_stage(LandmarksConfig(**PFLD))
    (tmp_path / "scrfd_2.5g_kps.onnx").unlink()
    monkeypatch.setenv("VISEMILL_MODELS", str(tmp_path))
    with pytest.raises(BadConfig, match=r"MODEL_MISSING: scrfd.*put it there .sha256 32d20c77"):
        open_stage(LandmarksConfig(**PFLD))


def test_an_unknown_backend_is_refused_with_those_there_are(in_this_process: None) -> None:
    with pytest.raises(ValueError, match="mediapipe, dlib, pfld, pfld-110, pfld98"):
        LandmarksConfig(backend="opencv")
    with pytest.raises(ValueError, match="pfld98 has no rectangles to jitter"):
        LandmarksConfig(backend="pfld98", num_jitters=2)
