"""Decode behind gRPC gives what decode in this process gives, whatever happens to the server meanwhile."""

import dataclasses
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import grpc
import numpy as np
import pytest
from visemill.v1 import common_pb2, decode_pb2, decode_pb2_grpc

from services.base.errors import BadConfig, BadInput, Transient, VisemillError
from services.base.media.clip import Media
from services.base.media.video import DecodeFacts, VideoInfo
from services.base.rpc.status import error_of
from services.containers.config import DecodeConfig
from services.decode.rpc import open_remote
from services.decode.stage import open_stage

ALL = DecodeConfig()


@dataclasses.dataclass(eq=False)
class Decoded:
    info: VideoInfo
    frames: np.ndarray[Any, Any]
    pts_s: np.ndarray[Any, Any]
    facts: DecodeFacts

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Decoded)
        return (
            (self.info, self.facts) == (other.info, other.facts)
            and np.array_equal(self.frames, other.frames)
            and np.array_equal(self.pts_s, other.pts_s)
        )


def _decoded(source: Any, media: Media) -> Decoded:
    with source(media) as stream:
        chunks = list(stream)
        assert [c.first_index for c in chunks] == list(np.cumsum([0, *[len(c) for c in chunks[:-1]]]))
        frames = np.concatenate([c.frames_THWC for c in chunks])
        return Decoded(stream.info, frames, np.concatenate([c.pts_s for c in chunks]), stream.facts())


def _error(source: Any, media: Media) -> VisemillError:
    with pytest.raises(VisemillError) as caught:
        _decoded(source, media)
    return caught.value


def _media(testdata: Path, name: str) -> Media:
    path = testdata / "data" / name
    return Media.of_bytes(path.name, path.read_bytes())


@pytest.mark.parametrize(
    "name",
    [
        "grid/s1_processed/bbaf2n.mpg",
        "grid/s1_processed/lrae3s.mpg",
        "sign/pose_test_video.mp4",
        "broken/corrupted.mp4",
        "broken/video_90.mov",
        "broken/unordered.mov",
    ],
)
def test_real_clips_come_out_equal_to_the_bit(testdata: Path, decode_server: Any, name: str) -> None:
    media = _media(testdata, name)
    assert _decoded(open_remote(decode_server.target, ALL), media) == _decoded(open_stage(ALL), media)


@pytest.mark.parametrize("max_frames", [1, 10, 11, 74, 75, 76])
def test_a_limit_on_frames_is_the_callers_to_say(testdata: Path, decode_server: Any, max_frames: int) -> None:
    config = DecodeConfig(max_frames=max_frames)
    media = _media(testdata, "grid/s1_processed/bbaf2n.mpg")
    remote = _decoded(open_remote(decode_server.target, config), media)
    assert remote == _decoded(open_stage(config), media)
    assert len(remote.frames) == min(75, max_frames)


@pytest.mark.parametrize("data", [b"", b"hello", bytes(5000)])
def test_a_clip_that_cannot_work_fails_with_the_same_words(decode_server: Any, data: bytes) -> None:
    media = Media.of_bytes("x.mpg", data)
    remote, local = _error(open_remote(decode_server.target, ALL), media), _error(open_stage(ALL), media)
    assert type(remote) is type(local) is BadInput
    assert (remote.reason, remote.message, remote.detail) == (local.reason, local.message, local.detail)


def test_a_clip_in_a_file_is_sent_from_there(testdata: Path, decode_server: Any) -> None:
    path = testdata / "data/grid/s1_processed/bbaf2n.mpg"
    media = Media.of_file(path, path.name)
    assert _decoded(open_remote(decode_server.target, ALL), media) == _decoded(open_stage(ALL), media)


def test_a_clip_too_large_for_the_servers_memory_goes_by_way_of_a_file(testdata: Path, decode_server: Any) -> None:
    clip = (testdata / "data/grid/s1_processed/bbaf2n.mpg").read_bytes()
    media = Media.of_bytes("long.mpg", clip * 6)
    assert media.size_bytes > 2 << 20
    config = DecodeConfig(max_frames=100)
    assert _decoded(open_remote(decode_server.target, config), media) == _decoded(open_stage(config), media)


def test_a_clip_over_the_servers_limit_is_refused(decode_server: Any) -> None:
    error = _error(open_remote(decode_server.target, ALL), Media.of_bytes("x.mpg", bytes(9 << 20)))
    assert (type(error), error.reason) == (BadInput, "CLIP_TOO_LARGE")


def test_a_caller_with_other_caps_is_refused_rather_than_answered_differently(decode_server: Any) -> None:
    error = _error(open_remote(decode_server.target, DecodeConfig(max_pixels=99)), Media.of_bytes("x.mpg", b"x"))
    assert (type(error), error.reason) == (BadConfig, "CONFIG_DIFFERS")
    assert "max_pixels=99 and 8294400" in error.message


def test_a_stream_is_handed_out_once(testdata: Path, decode_server: Any) -> None:
    with open_remote(decode_server.target, ALL)(_media(testdata, "grid/s1_processed/bbaf2n.mpg")) as stream:
        list(stream)
        with pytest.raises(RuntimeError, match="handed out already"):
            list(stream)


def test_a_caller_that_stops_early_does_not_harm_the_next(testdata: Path, decode_server: Any) -> None:
    media = _media(testdata, "grid/s1_processed/bbaf2n.mpg")
    source = open_remote(decode_server.target, ALL)
    for _ in range(3):
        with source(media) as stream:
            next(iter(stream))
    assert _decoded(source, media) == _decoded(open_stage(ALL), media)


def test_a_child_that_is_killed_costs_nothing(testdata: Path, decode_server: Any) -> None:
    media = _media(testdata, "grid/s1_processed/bbaf2n.mpg")
    source = open_remote(decode_server.target, ALL)
    for pid in decode_server.children():
        os.kill(pid, signal.SIGKILL)
    assert _decoded(source, media) == _decoded(open_stage(ALL), media)


def test_a_server_replaced_in_mid_clip_costs_nothing(
    testdata: Path, serve_stage: Callable[..., Any], free_port: int
) -> None:
    flags = ("--num-children", "1", "--listen", f"127.0.0.1:{free_port}")
    media = _media(testdata, "sign/pose_test_video.mp4")
    first = serve_stage("decode", *flags)
    with open_remote(first.target, ALL)(media) as stream:
        frames = iter(stream)
        chunks = [next(frames)]
        first.kill()
        second = serve_stage("decode", *flags)
        chunks.extend(frames)
        remote = Decoded(
            stream.info,
            np.concatenate([c.frames_THWC for c in chunks]),
            np.concatenate([c.pts_s for c in chunks]),
            stream.facts(),
        )
    assert remote == _decoded(open_stage(ALL), media)
    assert second.stop() == 0


def test_a_server_that_is_away_is_transient_once_patience_ends(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("VISEMILL_RPC_PATIENCE_S", "0.5")
    error = _error(open_remote(f"127.0.0.1:{free_port}", ALL), Media.of_bytes("x.mpg", b"x"))
    assert (type(error), error.reason) == (Transient, "SERVER_UNAVAILABLE")


def write_pictures(folder: Path) -> list[Path]:
    """A clip of three frames as a folder of pictures; its files."""
    folder.mkdir()
    paths = [folder / f"{number}.png" for number in (1, 2, 3)]
    for i, path in enumerate(paths):
        assert cv2.imwrite(str(path), np.full((48, 64, 3), 40 * i, np.uint8))
    return paths


def test_a_folder_of_pictures_comes_out_equal_to_the_bit(decode_server: Any, tmp_path: Path) -> None:
    data = b"".join(path.read_bytes() for path in write_pictures(tmp_path / "clip"))
    media = Media.of_bytes("s1/clip/", data)
    found = _decoded(open_remote(decode_server.target, ALL), media)
    assert found == _decoded(open_stage(ALL), media)
    assert len(found.frames) == 3


def _by_uri(target: str, uri: str) -> list[decode_pb2.DecodeResponse]:
    with grpc.insecure_channel(target) as channel:
        start = decode_pb2.DecodeStart(media=common_pb2.MediaHeader(uri=uri), max_frames=3)
        requests = iter([decode_pb2.DecodeRequest(start=start)])
        return list(decode_pb2_grpc.DecodeServiceStub(channel).Decode(requests, timeout=30))


def test_a_uri_below_an_allowed_root_is_decoded_and_no_other(
    testdata: Path, serve_stage: Callable[..., Any], tmp_path: Path
) -> None:
    root = testdata / "data/grid/s1_processed"
    (tmp_path / "out.mpg").symlink_to(root / "bbaf2n.mpg")
    server = serve_stage("decode", "--num-children", "1", "--allow-root", str(root), "--allow-root", str(tmp_path))
    write_pictures(tmp_path / "clip")
    for uri in (f"{root}/bbaf2n.mpg", f"file://{root}/bbaf2n.mpg", f"{tmp_path}/clip/"):
        answers = _by_uri(server.target, uri)
        assert [a.WhichOneof("message") for a in answers] == ["info", "chunk", "facts"]
        assert answers[-1].facts.num_frames == 3
    for uri in (f"{tmp_path}/out.mpg", f"{root}/../other_processed/lbax4n.mpg", "/etc/hostname", "s3://b/c.mpg"):
        with pytest.raises(grpc.RpcError) as caught:
            _by_uri(server.target, uri)
        assert type(error_of(caught.value)) is BadInput
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_without_a_root_the_answer_says_how_to_allow_one(testdata: Path, decode_server: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        _by_uri(decode_server.target, f"{testdata}/data/grid/s1_processed/bbaf2n.mpg")
    assert "--allow-root" in caught.value.details()


def test_an_object_below_an_allowed_prefix_is_decoded(
    testdata: Path, serve_stage: Callable[..., Any], s3_server: Any, tmp_path: Path
) -> None:
    bucket = s3_server.new_bucket()
    clip = str(testdata / "data/grid/s1_processed/bbaf2n.mpg")
    s3_server.client().fput_object(bucket, "clips/bbaf2n.mpg", clip)
    s3_server.client().fput_object(bucket, "other/bbaf2n.mpg", clip)
    for path in write_pictures(tmp_path / "clip"):
        s3_server.client().fput_object(bucket, f"clips/clip/{path.name}", str(path))
    flags = ("--num-children", "1", "--allow-root", f"s3://{bucket}/clips")
    server = serve_stage("decode", *flags, environment=s3_server.environment())
    for name in ("bbaf2n.mpg", "clip/"):
        assert _by_uri(server.target, f"s3://{bucket}/clips/{name}")[-1].facts.num_frames == 3
    for uri in (
        f"s3://{bucket}/other/bbaf2n.mpg",
        f"s3://{bucket}/clips/clip",
        f"s3://{bucket}/clips/../other/bbaf2n.mpg",
    ):
        with pytest.raises(grpc.RpcError) as caught:
            _by_uri(server.target, uri)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
