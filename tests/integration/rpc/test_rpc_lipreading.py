"""LipreadingService: a clip, or frames as they come, are read as in this process."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from visemill.v1 import common_pb2, landmarks_pb2, lipreading_pb2, lipreading_pb2_grpc

pytest.importorskip("onnx")

from grey_bundle import write_bundle

from orchestrator.pipelines.training.reading import infer_by, read_at_server
from services.base.errors import BadInput, Transient
from services.base.rpc.client import check_remote
from services.training.recipes.exported import ExportSettings, InferSettings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def server(serve_stage: Any, tmp_path: Path) -> Any:
    (tmp_path / "bundle").mkdir()
    bundle = write_bundle(tmp_path / "bundle")
    return serve_stage("lipreading", "--bundle", str(bundle), "--num-children", "2", "--listen", "127.0.0.1:0")


def mouths(*parts: tuple[str, int]) -> np.ndarray:
    """uint8 [T, 50, 100, 3]: bright where it says a, dark where it says b, grey where it says nothing."""
    grey = {"a": 255, "b": 0, "-": 120}
    return np.concatenate([np.full((count, 50, 100, 3), grey[what], np.uint8) for what, count in parts])


def test_a_plain_client_streams_mouths_and_hears_meanwhile(server: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "mouths.npy", mouths(("a", 10), ("-", 20), ("b", 10), ("-", 50), ("a", 10)))
    stubs = tmp_path / "stubs"
    shutil.copytree(ROOT / "protos" / "visemill", stubs / "visemill")
    client = Path(__file__).with_name("plain_lips_client.py")
    argv = [sys.executable, "-I", str(client), str(stubs), server.target, str(tmp_path / "mouths.npy"), "1"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr + server.said()
    *interim, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert (last["kind"], last["text"], last["frames"]) == ("transcript", "aba", 100)
    assert len(last["times_s"]) == 3 and last["times_s"] == sorted(last["times_s"])
    assert interim and {one["kind"] for one in interim} == {"interim"}
    assert "aba".startswith(interim[0]["text"]) and interim[0]["text"]
    assert all(one["until_s"] - one["from_s"] <= 3 for one in interim)


def test_a_clip_is_read_as_once_reads_it(server: Any, testdata: Path, tmp_path: Path) -> None:
    clip = testdata / "data/grid/s1_processed/bbaf2n.mpg"
    argv = [sys.executable, "-m", "services", "decode,landmarks,lipreading", "once", str(clip)]
    argv += ["--config", json.dumps({"lipreading": {"bundle": str(tmp_path / "bundle")}})]
    once = json.loads(subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True).stdout)["lip_text"]

    def requests() -> Any:
        data = clip.read_bytes()
        header = common_pb2.MediaHeader(name=clip.name, size_bytes=len(data))
        yield lipreading_pb2.TranscribeRequest(start=lipreading_pb2.TranscribeStart(media=header))
        yield lipreading_pb2.TranscribeRequest(data=data)

    with grpc.insecure_channel(server.target) as channel:
        (answer,) = lipreading_pb2_grpc.LipreadingServiceStub(channel).Transcribe(requests(), timeout=120)
    found = answer.transcript
    assert (found.text, found.num_frames) == (once["text"], once["num_frames"])
    assert [round(one.time_s, 3) for one in found.characters] == once["times_s"]
    assert (found.recipe, len(found.model_sha256)) == ("grid-ctc", 64)
    asked = infer_by(InferSettings(video_path=str(clip), server=server.target, ground_truth="aba"), _no_export).data
    assert asked.pop("model_sha256") == found.model_sha256
    assert asked == {**once, "recipe": "grid-ctc", "ground_truth": "aba", "cer": asked["cer"]}


def _no_export(_: ExportSettings) -> None:
    raise AssertionError("a server needs no bundle")


def test_a_clip_that_a_server_refuses_is_told(server: Any, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(BadInput, match="OPEN_FAILED"):
        read_at_server(InferSettings(video_path=str(tmp_path / "a.mp4"), server=server.target))
    with pytest.raises(BadInput, match="NOT_READABLE"):
        read_at_server(InferSettings(video_path=str(tmp_path / "none.mp4"), server=server.target))


def test_a_bundle_of_a_store_may_come_later_and_is_kept(serve_stage: Any, tmp_path: Path) -> None:
    flags = ["--bundle", f"file://{tmp_path}/bundle", "--recheck-s", "0.2", "--num-children", "1"]
    server = serve_stage("lipreading", *flags)
    with pytest.raises(Transient, match=r"BUNDLE_MISSING: card\.json is not in file:"):
        check_remote(server.target, patience_s=0.5)
    (tmp_path / "bundle").mkdir()
    write_bundle(tmp_path / "bundle")
    check_remote(server.target, patience_s=60)
    shutil.rmtree(tmp_path / "bundle")
    (text,) = [answer.transcript.text for answer in transcribed(server.target, mouths(("a", 10)))]
    assert text == "a"
    assert server.stop() == 0


def transcribed(target: str, mouths_THWC: np.ndarray) -> list[Any]:
    header = landmarks_pb2.FramesHeader(width_px=100, height_px=50)
    start = lipreading_pb2.TranscribeStart(frames=header, cropped=True)
    times_s = [i / 25 for i in range(len(mouths_THWC))]
    chunk = common_pb2.FrameChunk(first_index=0, pts_s=times_s, frames=mouths_THWC.tobytes())
    requests = [lipreading_pb2.TranscribeRequest(start=start), lipreading_pb2.TranscribeRequest(chunk=chunk)]
    with grpc.insecure_channel(target) as channel:
        return list(lipreading_pb2_grpc.LipreadingServiceStub(channel).Transcribe(iter(requests), timeout=60))


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ({"cropped": True, "interim_s": -1.0}, "BAD_SETTING"),
        ({"max_frames": -1}, "BAD_SETTING"),
        ({"frames": landmarks_pb2.FramesHeader(width_px=0, height_px=9)}, "BAD_MESSAGE"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_reason(server: Any, start: dict[str, Any], reason: str) -> None:
    asked = {"frames": landmarks_pb2.FramesHeader(width_px=100, height_px=50), **start}

    def requests() -> Any:
        yield lipreading_pb2.TranscribeRequest(start=lipreading_pb2.TranscribeStart(**asked))

    with grpc.insecure_channel(server.target) as channel, pytest.raises(grpc.RpcError) as refused:
        list(lipreading_pb2_grpc.LipreadingServiceStub(channel).Transcribe(requests(), timeout=60))
    assert any(reason in str(value) for _, value in refused.value.trailing_metadata()), refused.value
