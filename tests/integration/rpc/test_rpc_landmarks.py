"""Landmarks behind gRPC are those of this process, for encoded clips and for frames, with both backends."""

import dataclasses
import gc
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from visemill.v1 import common_pb2, landmarks_pb2, landmarks_pb2_grpc

from services.base.errors import BadConfig, BadInput, Transient, VisemillError
from services.base.media.clip import Clip, Media
from services.base.media.points import Landmarks
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.rpc.client import check_remote
from services.base.rpc.codec import frames_to_protos
from services.base.rpc.status import error_of
from services.base.sandbox.supervisor import ArtifactPart, ClipLimits, PassChild
from services.base.stage.spec import ClipJob, ConfiguredStage
from services.containers.config import DecodeConfig
from services.decode.spec import SPEC as DECODE
from services.decode.stage import open_stage as open_decode
from services.landmarks import rpc
from services.landmarks.codec import landmarks_from_protos
from services.landmarks.spec import SPEC, LandmarksConfig
from services.landmarks.stage import open_stage

MEDIAPIPE = LandmarksConfig(backend="mediapipe")
DLIB = LandmarksConfig(backend="dlib")
NAMES = ("bbaf2n", "lrae3s", "lrarzn")


@pytest.fixture(scope="module")
def local() -> Callable[[LandmarksConfig], Any]:
    """Opened stages of this process, one a config; skips where a model file is missing."""
    opened: dict[LandmarksConfig, Any] = {}

    def of(config: LandmarksConfig) -> Any:
        if config not in opened:
            try:
                opened[config] = open_stage(config)
            except BadConfig as error:
                pytest.skip(f"no model: {error.message}")
        return opened[config]

    return of


def _job(testdata: Path, name: str) -> ClipJob:
    path = testdata / "data/grid/s1_processed" / f"{name}.mpg"
    return ClipJob(Clip(name, name, "s1", path.name), Media.of_bytes(path.name, path.read_bytes()))


def _remote(target: str, config: LandmarksConfig, max_frames: int = 0) -> Any:
    return rpc.open_remote(target, config, ConfiguredStage(DECODE, DecodeConfig(max_frames=max_frames)))


def _frames(job: ClipJob, max_frames: int = 0) -> tuple[VideoInfo, list[FrameChunk], DecodeFacts]:
    with open_decode(DecodeConfig(max_frames=max_frames))(job.media) as stream:
        chunks = list(stream)
        return stream.info, chunks, stream.facts()


def _here(stage: Any, job: ClipJob, max_frames: int = 0) -> Landmarks:
    info, chunks, facts = _frames(job, max_frames)
    consumer = stage(job, info)
    for chunk in chunks:
        consumer.push(chunk)
    found: Landmarks = consumer.finish({"info": info, "facts": facts})
    return found


def _equal(one: Landmarks, other: Landmarks) -> bool:
    return (
        (one.topology, one.width_px, one.height_px) == (other.topology, other.width_px, other.height_px)
        and one.points_TNC.tobytes() == other.points_TNC.tobytes()
        and one.score_T.tobytes() == other.score_T.tobytes()
        and one.source_T.tobytes() == other.source_T.tobytes()
    )


def _called(target: str, requests: list[landmarks_pb2.DetectRequest]) -> list[landmarks_pb2.DetectResponse]:
    with grpc.insecure_channel(target, [("grpc.max_send_message_length", -1)]) as channel:
        return list(landmarks_pb2_grpc.LandmarksServiceStub(channel).Detect(iter(requests), timeout=120))


def _refused(target: str, requests: list[landmarks_pb2.DetectRequest]) -> VisemillError:
    with pytest.raises(grpc.RpcError) as caught:
        _called(target, requests)
    return error_of(caught.value)


def _points(answers: list[landmarks_pb2.DetectResponse]) -> Landmarks:
    info = answers[0].info
    chunks = [a.chunk for a in answers if a.WhichOneof("message") == "chunk"]
    return landmarks_from_protos(info.topology, info.width_px, info.height_px, chunks)


def _start(**fields: Any) -> landmarks_pb2.DetectRequest:
    return landmarks_pb2.DetectRequest(start=landmarks_pb2.DetectStart(**fields))


@pytest.mark.parametrize("config", [MEDIAPIPE, DLIB], ids=lambda c: c.backend)
def test_points_of_real_clips_are_equal_to_the_bit(
    testdata: Path, landmarks_server: Any, local: Callable[[LandmarksConfig], Any], config: LandmarksConfig
) -> None:
    stage, remote = local(config), _remote(landmarks_server.target, config)
    for name in NAMES:
        job = _job(testdata, name)
        assert _equal(remote(job, None).finish({}), _here(stage, job)), name


def test_mode_and_jitters_travel_with_the_call(
    testdata: Path, landmarks_server: Any, local: Callable[[LandmarksConfig], Any]
) -> None:
    job = _job(testdata, "bbaf2n")
    plain = _here(local(DLIB), job, max_frames=6)
    for config in (
        LandmarksConfig(backend="dlib", mode="per-frame"),
        LandmarksConfig(backend="dlib", num_jitters=3),
    ):
        found = _remote(landmarks_server.target, config, max_frames=6)(job, None).finish({})
        assert _equal(found, _here(local(config), job, max_frames=6))
        assert not _equal(found, plain)


def test_a_pass_that_stops_decoding_early_gets_the_points_of_the_frames_it_has(
    testdata: Path, landmarks_server: Any, local: Callable[[LandmarksConfig], Any]
) -> None:
    job = _job(testdata, "bbaf2n")
    info, _, facts = _frames(job, 20)
    found = _remote(landmarks_server.target, MEDIAPIPE, 20)(job, info).finish({"info": info, "facts": facts})
    assert len(found.points_TNC) == 20
    assert _equal(found, _here(local(MEDIAPIPE), job, max_frames=20))


def test_frames_that_differ_at_the_two_ends_are_an_error_and_not_a_result(
    testdata: Path, landmarks_server: Any
) -> None:
    job = _job(testdata, "bbaf2n")
    consumer = _remote(landmarks_server.target, MEDIAPIPE)(job, None)
    with pytest.raises(BadConfig, match=r"FRAMES_DIFFER: bbaf2n\.mpg: 80 frames were decoded here and 75"):
        consumer.finish({"facts": DecodeFacts(80)})


def test_a_clip_that_cannot_work_fails_as_decode_fails(landmarks_server: Any) -> None:
    media = Media.of_bytes("x.mpg", b"hello")
    with pytest.raises(BadInput) as here, open_decode(DecodeConfig())(media):
        pass
    with pytest.raises(BadInput) as there:
        _remote(landmarks_server.target, MEDIAPIPE)(ClipJob(Clip("x", "x", "", "x"), media), None).finish({})
    assert (there.value.reason, there.value.message) == (here.value.reason, here.value.message)


def test_callers_that_have_only_frames_get_the_same_points(
    testdata: Path, landmarks_server: Any, local: Callable[[LandmarksConfig], Any]
) -> None:
    job = _job(testdata, "bbaf2n")
    info, chunks, _ = _frames(job)
    header = landmarks_pb2.FramesHeader(width_px=info.width_px, height_px=info.height_px)
    pieces = [m for c in chunks for m in frames_to_protos(c, 32 << 20)]
    requests = [_start(frames=header), *[landmarks_pb2.DetectRequest(chunk=m) for m in pieces]]
    answers = _called(landmarks_server.target, requests)
    assert _equal(_points(answers), _here(local(MEDIAPIPE), job))
    assert [a.WhichOneof("message") for a in answers] == ["info", "chunk"]


def test_a_limit_holds_for_frames_too(testdata: Path, landmarks_server: Any) -> None:
    info, (first, *_), _ = _frames(_job(testdata, "bbaf2n"))
    header = landmarks_pb2.FramesHeader(width_px=info.width_px, height_px=info.height_px)
    pieces = list(frames_to_protos(first, 32 << 20))
    requests = [_start(frames=header, max_frames=13), *[landmarks_pb2.DetectRequest(chunk=m) for m in pieces]]
    assert len(_points(_called(landmarks_server.target, requests)).points_TNC) == 13


def test_an_encoded_clip_is_answered_with_what_the_decoder_said(testdata: Path, landmarks_server: Any) -> None:
    clip = _job(testdata, "bbaf2n").media.data
    start = _start(media=common_pb2.MediaHeader(name="c"), max_frames=5)
    answers = _called(landmarks_server.target, [start, landmarks_pb2.DetectRequest(data=clip)])
    assert [a.WhichOneof("message") for a in answers] == ["info", "chunk", "facts"]
    assert (answers[-1].facts.num_frames, answers[-1].facts.truncated) == (5, True)
    assert (answers[0].info.topology, answers[0].info.num_points) == ("mediapipe-478", 478)


TINY = landmarks_pb2.FramesHeader(width_px=2, height_px=2)
CHUNK = common_pb2.FrameChunk(pts_s=[0.0], frames=bytes(12))


@pytest.mark.parametrize(
    ("requests", "kind", "reason"),
    [
        ([], BadInput, "BAD_MESSAGE"),
        ([landmarks_pb2.DetectRequest(data=b"x")], BadInput, "BAD_MESSAGE"),
        ([_start(frames=landmarks_pb2.FramesHeader())], BadInput, "BAD_MESSAGE"),
        ([_start(frames=landmarks_pb2.FramesHeader(width_px=20000, height_px=20000))], BadInput, "FRAME_TOO_LARGE"),
        ([_start(frames=TINY), landmarks_pb2.DetectRequest(data=b"x")], BadInput, "BAD_MESSAGE"),
        (
            [_start(frames=TINY), landmarks_pb2.DetectRequest(chunk=common_pb2.FrameChunk(pts_s=[0], frames=b"x"))],
            BadInput,
            "BAD_MESSAGE",
        ),
        ([_start(frames=TINY), *[landmarks_pb2.DetectRequest(chunk=CHUNK)] * 2], BadInput, "BAD_MESSAGE"),
        ([_start(media=common_pb2.MediaHeader(uri="/etc/hostname"))], BadInput, "URI_REFUSED"),
        ([_start(frames=TINY, backend=99)], BadConfig, "BAD_SETTING"),
        ([_start(frames=TINY, num_jitters=5)], BadConfig, "BAD_SETTING"),
        ([_start(media=common_pb2.MediaHeader(), max_frames=-1)], BadConfig, "BAD_SETTING"),
    ],
)
def test_calls_that_break_the_protos_rules_are_refused(
    landmarks_server: Any, requests: list[landmarks_pb2.DetectRequest], kind: type[VisemillError], reason: str
) -> None:
    error = _refused(landmarks_server.target, requests)
    assert (type(error), error.reason) == (kind, reason)


def test_frames_that_break_off_do_not_harm_the_next_call(testdata: Path, landmarks_server: Any) -> None:
    second = common_pb2.FrameChunk(first_index=7, pts_s=[0.0], frames=bytes(12))
    requests = [_start(frames=TINY), *[landmarks_pb2.DetectRequest(chunk=c) for c in (CHUNK, second)]]
    assert "where frame 1 was due" in _refused(landmarks_server.target, requests).message
    job = _job(testdata, "bbaf2n")
    assert len(_remote(landmarks_server.target, MEDIAPIPE, 3)(job, None).finish({}).points_TNC) == 3


def test_a_child_killed_at_work_costs_a_second_try_and_nothing_else(
    testdata: Path, landmarks_server: Any, local: Callable[[LandmarksConfig], Any]
) -> None:
    job = _job(testdata, "bbaf2n")
    consumer = _remote(landmarks_server.target, MEDIAPIPE)(job, None)
    time.sleep(0.1)
    for pid in landmarks_server.children():
        os.kill(pid, signal.SIGKILL)
    assert _equal(consumer.finish({}), _here(local(MEDIAPIPE), job))


def test_a_clip_that_takes_too_long_is_the_clips_fault_and_the_next_is_served(
    testdata: Path, serve_stage: Callable[..., Any]
) -> None:
    server = serve_stage("landmarks", "--num-children", "1", "--backend", "dlib", "--clip-time-s", "1")
    slow = LandmarksConfig(backend="dlib", mode="per-frame", num_jitters=32)
    job = _job(testdata, "bbaf2n")
    with pytest.raises(BadInput, match="TIMEOUT"):
        _remote(server.target, slow)(job, None).finish({})
    assert len(_remote(server.target, slow, 1)(job, None).finish({}).points_TNC) == 1


def _num_cancelled(server: Any) -> int:
    return sum(line.get("code") == "CANCELLED" for line in server.lines())


def test_a_clip_that_is_dropped_takes_its_call_along(testdata: Path, landmarks_server: Any) -> None:
    job = _job(testdata, "bbaf2n")
    before = _num_cancelled(landmarks_server)
    slow = LandmarksConfig(backend="dlib", mode="per-frame")
    consumer = _remote(landmarks_server.target, slow)(job, None)
    time.sleep(0.2)
    del consumer
    gc.collect()
    # One child: it answers the next caller only once the dropped clip is off its hands.
    assert len(_remote(landmarks_server.target, MEDIAPIPE, 2)(job, None).finish({}).points_TNC) == 2
    assert _num_cancelled(landmarks_server) == before + 1


def test_a_consumer_wants_no_frames(testdata: Path, landmarks_server: Any) -> None:
    job = _job(testdata, "bbaf2n")
    _, (chunk, *_), _ = _frames(job, 1)
    consumer = _remote(landmarks_server.target, MEDIAPIPE, 1)(job, None)
    assert not consumer.wants
    with pytest.raises(RuntimeError, match="asked for no frames"):
        consumer.push(chunk)
    assert np.isfinite(consumer.finish({}).points_TNC).all()


def test_a_server_of_another_version_is_refused_before_its_points_are_kept_under_ours(
    testdata: Path, landmarks_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_this_version = rpc._expected
    monkeypatch.setattr(rpc, "_expected", lambda *asked: {**of_this_version(*asked), "libraries": {"mediapipe": "0"}})
    with pytest.raises(BadConfig, match=r"CONFIG_DIFFERS: caller and server differ in libraries"):
        _remote(landmarks_server.target, MEDIAPIPE)(_job(testdata, "bbaf2n"), None).finish({})


def test_a_server_with_another_decoder_or_other_settings_of_it_is_refused(
    testdata: Path, landmarks_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _job(testdata, "bbaf2n")
    lower = ConfiguredStage(DECODE, DecodeConfig(max_pixels=99))
    with pytest.raises(BadConfig, match="differ in decode max_pixels=99 and 8294400"):
        rpc.open_remote(landmarks_server.target, MEDIAPIPE, lower)(job, None).finish({})
    other = dataclasses.replace(DECODE, version=99)
    with pytest.raises(BadConfig, match="differ in decode version=99 and"):
        rpc.open_remote(landmarks_server.target, MEDIAPIPE, ConfiguredStage(other, DecodeConfig()))(job, None).finish(
            {}
        )


def test_callers_who_ask_for_this_and_that_by_turns_wait_for_no_model_twice(
    testdata: Path, serve_stage: Callable[..., Any], local: Callable[[LandmarksConfig], Any]
) -> None:
    server = serve_stage("landmarks", "--num-children", "1")
    job = _job(testdata, "bbaf2n")
    children = server.children()
    local(DLIB)
    for max_frames in (5, 1, 3):
        for config in (MEDIAPIPE, DLIB):
            found = _remote(server.target, config, max_frames)(job, None).finish({})
            assert _equal(found, _here(local(config), job, max_frames))
    assert server.children() == children


def test_a_pass_of_a_run_says_in_its_first_call_how_far_it_decodes(testdata: Path, landmarks_server: Any) -> None:
    stages = [("decode", {"max_frames": 9}), ("landmarks", {})]
    child = PassChild(stages, ClipLimits(), specs=[DECODE, SPEC], remote={"landmarks": landmarks_server.target})
    before = _num_calls(landmarks_server)
    try:
        parts = list(child.run(_job(testdata, "bbaf2n"), want={"frames"}))
    finally:
        child.close()
    (found,) = [part.value for part in parts if isinstance(part, ArtifactPart)]
    assert len(found.points_TNC) == 9
    assert _num_calls(landmarks_server) == before + 1


def _num_calls(server: Any) -> int:
    return sum(line["message"] == "call ended" for line in server.lines())


def test_a_server_that_hangs_costs_no_clip(testdata: Path, serve_stage: Callable[..., Any]) -> None:
    server = serve_stage("landmarks", "--num-children", "1")
    stages = [("decode", {}), ("landmarks", {})]
    child = PassChild(stages, ClipLimits(time_s=4.0), specs=[DECODE, SPEC], remote={"landmarks": server.target})
    try:
        child.start()
        server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(Transient, match=f"REMOTE_TIMEOUT: bbaf2n: landmarks at {server.target} has not answered"):
            list(child.run(_job(testdata, "bbaf2n")))
        server.process.send_signal(signal.SIGCONT)
        assert any(isinstance(part, ArtifactPart) for part in child.run(_job(testdata, "bbaf2n")))
    finally:
        child.close()


def test_a_server_is_asked_how_it_is_before_clips_are_sent(serve_stage: Callable[..., Any], free_port: int) -> None:
    server = serve_stage("landmarks", "--num-children", "1")
    check_remote(server.target)
    server.process.send_signal(signal.SIGSTOP)
    for target in (server.target, f"127.0.0.1:{free_port}"):
        with pytest.raises(Transient, match=f"REMOTE_DOES_NOT_ANSWER: {target} did not report within 0.5 s"):
            check_remote(target, patience_s=0.5)
