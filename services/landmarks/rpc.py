"""How landmarks are reached: an encoded clip or frames in, points out. Servicer and remote client share one format."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import grpc
from visemill.v1 import common_pb2, landmarks_pb2, landmarks_pb2_grpc

from services.base.errors import BadConfig, Transient
from services.base.media.clip import Media
from services.base.media.points import Landmarks
from services.base.media.topology import topology
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.process.retry import Retryable
from services.base.process.settings import settings
from services.base.rpc import config as config_module
from services.base.rpc import server as server_module
from services.base.rpc.client import Pieces, Remote, expectation, require_expected
from services.base.rpc.codec import facts_to_proto
from services.base.rpc.interceptor import current_call
from services.base.rpc.pool import Children, execute
from services.base.rpc.uploads import Uploads, job_of, pushed_frames, start_of
from services.base.sandbox.child import waiting_for
from services.base.sandbox.supervisor import Stages
from services.base.stage.clip_pass import ArtifactPart, FactsPart, Part
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.base.stage.spec import ClipConsumer, ClipJob, ConfiguredStage, Consumer, StageSpec
from services.base.stage.stream import NO_STREAMS
from services.base.worker.fingerprint import identity_of
from services.landmarks.codec import landmarks_from_protos, landmarks_to_protos
from services.landmarks.spec import SPEC, LandmarksConfig

SERVICE = landmarks_pb2.DESCRIPTOR.services_by_name["LandmarksService"].full_name

_BACKENDS = {
    "mediapipe": landmarks_pb2.LANDMARK_BACKEND_MEDIAPIPE,
    "dlib": landmarks_pb2.LANDMARK_BACKEND_DLIB,
}
_MODES = {
    "tracked": landmarks_pb2.LANDMARK_MODE_TRACKED,
    "per-frame": landmarks_pb2.LANDMARK_MODE_PER_FRAME,
}


_SET_IN_EACH_CALL = ("max_frames", "sampling", "target_fps")


class LandmarksServicer(landmarks_pb2_grpc.LandmarksServiceServicer):
    """Translates between messages and parts of a pass. decode: the stage that decodes clips here, and its config."""

    def __init__(
        self,
        children: Children,
        uploads: Uploads,
        config: LandmarksConfig,
        decode: ConfiguredStage,
        max_message_bytes: int,
    ) -> None:
        self._children = children
        self._uploads = uploads
        self._config = config
        self._decode = decode
        self._max_message_bytes = max_message_bytes

    def Detect(
        self, request_iterator: Iterator[landmarks_pb2.DetectRequest], context: grpc.ServicerContext
    ) -> Iterator[landmarks_pb2.DetectResponse]:
        start = start_of(request_iterator)
        config = config_of(start, self._config)
        stages = _stages(config, _decode_of(start, self._decode))
        is_frames = start.WhichOneof("input") == "frames"
        decode = None if is_frames else self._decode
        require_expected(context.invocation_metadata(), lambda: _expected(config, decode))
        if is_frames:
            parts = self._of_frames(start, request_iterator, stages)
        else:
            parts = self._of_media(start, request_iterator, stages)
        yield from _responses(parts)

    def _of_media(
        self, start: landmarks_pb2.DetectStart, requests: Iterator[landmarks_pb2.DetectRequest], stages: Stages
    ) -> Iterator[Part]:
        with self._uploads.media(start.media, requests) as media:
            current_call().note(clip=media.name)
            yield from execute(self._children, stages, job_of(media, start.max_frames))

    def _of_frames(
        self, start: landmarks_pb2.DetectStart, requests: Iterator[landmarks_pb2.DetectRequest], stages: Stages
    ) -> Iterator[Part]:
        size = start.frames
        frames, info, job = pushed_frames(
            requests, size.width_px, size.height_px, start.max_frames, self._max_message_bytes
        )
        yield from execute(self._children, stages, job, pushed=frames, info=info)


def config_of(start: landmarks_pb2.DetectStart, config: LandmarksConfig) -> LandmarksConfig:
    """The config that a start asks for; what it leaves open is as the server was started. Raises BadConfig."""
    if start.max_frames < 0:
        raise BadConfig("BAD_SETTING", f"max_frames must be 0 (all) or more, not {start.max_frames}")
    values = dataclasses.asdict(config)
    if start.backend:
        values["backend"] = _name_of(start.backend, _BACKENDS, "backend")
    if start.mode:
        values["mode"] = _name_of(start.mode, _MODES, "mode")
    if start.num_jitters:
        values["num_jitters"] = start.num_jitters
    if start.max_gap_frames:
        values["max_gap_frames"] = max(0, start.max_gap_frames)
    asked: LandmarksConfig = config_from_mapping(LandmarksConfig, values)
    return asked


def _decode_of(start: landmarks_pb2.DetectStart, decode: ConfiguredStage) -> ConfiguredStage:
    """Decode with the sampling that a start asks for. Raises BadConfig."""
    if not start.sampling:
        return decode
    values = {**dataclasses.asdict(decode.config), "sampling": start.sampling, "target_fps": start.target_fps}
    return dataclasses.replace(decode, config=config_from_mapping(decode.spec.config, values))


def _stages(config: LandmarksConfig, decode: ConfiguredStage) -> Stages:
    return [(decode.spec.name, dataclasses.asdict(decode.config)), (SPEC.name, dataclasses.asdict(config))]


@functools.lru_cache(maxsize=32)
def _expected(config: LandmarksConfig, decode: ConfiguredStage | None) -> Mapping[str, Any]:
    """What must be the same at both ends, or points under one key would not be the same points.

    decode: None where the caller sends frames, which are decoded already.
    """
    identity = identity_of(SPEC, config)
    own = {"version": identity.version, "models": dict(identity.models), "libraries": dict(identity.libraries)}
    if decode is None:
        return own
    decoded = identity_of(decode.spec, decode.config)
    settings = {f"decode {name}": value for name, value in decoded.run_config.items() if name not in _SET_IN_EACH_CALL}
    return {**own, **settings, "decode version": decoded.version, "decode libraries": dict(decoded.libraries)}


def _responses(parts: Iterator[Part]) -> Iterator[landmarks_pb2.DetectResponse]:
    facts: DecodeFacts | None = None
    for part in parts:
        match part:
            case FactsPart(DecodeFacts() as facts):
                pass
            case ArtifactPart(name, value) if name in SPEC.writes:
                yield landmarks_pb2.DetectResponse(info=_info_of(value))
                for message in landmarks_to_protos(value):
                    yield landmarks_pb2.DetectResponse(chunk=message)
    if facts is not None:
        yield landmarks_pb2.DetectResponse(facts=facts_to_proto(facts))


def _info_of(value: Landmarks) -> landmarks_pb2.DetectInfo:
    return landmarks_pb2.DetectInfo(
        topology=value.topology,
        num_points=topology(value.topology).num_points,
        width_px=value.width_px,
        height_px=value.height_px,
    )


def _name_of(number: int, names: Mapping[str, int], what: str) -> str:
    for name, value in names.items():
        if value == number:
            return name
    raise BadConfig("BAD_SETTING", f"{what} {number} is not known here; there are {', '.join(names)}")


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `serve`: the server's, the stage's config, and that of decode, which runs in the same child."""
    config_module.add_serve_flags(parser)
    add_config_flags(parser, LandmarksConfig)
    parser.add_argument(
        "--decode-config", default="{}", help="JSON object: settings of decode for encoded clips (default: %(default)s)"
    )


def serve(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> int:
    """Serves until a signal; the exit code. spec_of: the spec of another stage by name. Raises BadConfig."""
    config: LandmarksConfig = config_from_flags(LandmarksConfig, flags)
    decode = config_module.stage_of_flag("--decode-config", flags.decode_config, spec_of("decode"))
    serve_config = config_module.serve_config_of(flags)
    children = server_module.pool_of(serve_config, _stages(config, decode), (SPEC, decode.spec))
    uploads = server_module.uploads_of(flags)
    servicer = LandmarksServicer(children, uploads, config, decode, settings().max_message_bytes)

    def register(grpc_server: grpc.Server) -> None:
        landmarks_pb2_grpc.add_LandmarksServiceServicer_to_server(servicer, grpc_server)

    return server_module.run_server(serve_config, children, {SERVICE: register}, uploads=uploads)


def open_remote(target: str, config: LandmarksConfig, decode: ConfiguredStage) -> Consumer:
    """What `stage.open_stage(config)` returns, with decoder and detector at a server.

    decode: the stage of this pass that makes frames, in whose place the server decodes.
    """
    remote = Remote(target)

    def consumer(job: ClipJob, info: VideoInfo | None) -> ClipConsumer:
        del info
        max_frames = decode.config.max_frames if job.max_frames is None else job.max_frames
        return RemoteConsumer(remote, job.media, _Asked(config, decode, max_frames))

    return consumer


@dataclass(frozen=True)
class _Asked:
    """What is asked of a server for each clip. max_frames: where it stops decoding, 0 at the end."""

    config: LandmarksConfig
    decode: ConfiguredStage
    max_frames: int

    def expectation(self) -> tuple[tuple[str, str], ...]:
        try:
            return expectation(_expected(self.config, self.decode))
        except BadConfig:
            # A client without the model file keeps no points under its digest, so it has nothing to compare.
            return ()


class RemoteConsumer:
    """One clip at a server (a `ClipConsumer`): sent at once, in the background, as encoded bytes."""

    wants = NO_STREAMS

    def __init__(self, remote: Remote, media: Media, asked: _Asked) -> None:
        self._remote = remote
        self._media = media
        self._asked = asked
        self._detection = _Detection(remote, media, asked)
        self._answer: Future[Landmarks] = Future()
        # A clip that fails elsewhere is dropped without a finish: its call goes with it.
        weakref.finalize(self, self._detection.cancel)
        threading.Thread(target=_detect_into, args=(self._detection, self._answer), daemon=True).start()

    def push(self, chunk: FrameChunk) -> None:
        raise RuntimeError(f"this consumer asked for no frames, and got {len(chunk)}")

    def finish(self, given: Mapping[str, Any]) -> Landmarks:
        """The points. Raises what the stage raises, Transient, and BadConfig FRAMES_DIFFER."""
        with waiting_for(f"{SPEC.name} at {self._remote.target}"):
            found = self._answer.result()
        facts: DecodeFacts | None = given.get("facts")
        if facts is not None and len(found.points_TNC) != facts.num_frames:
            raise BadConfig(
                "FRAMES_DIFFER",
                f"{self._media.name}: {facts.num_frames} frames were decoded here and {len(found.points_TNC)} at "
                f"{self._remote.target}: run the same version and settings of decode at both ends",
            )
        return found


def _detect_into(detection: _Detection, answer: Future[Landmarks]) -> None:
    try:
        answer.set_result(detection.run())
    except Exception as error:  # noqa: BLE001 - raised again where the answer is asked for
        answer.set_exception(error)


class _Detection:
    """One clip's call, tried again as long as it makes sense."""

    def __init__(self, remote: Remote, media: Media, asked: _Asked) -> None:
        self._remote = remote
        self._media = media
        self._stub = landmarks_pb2_grpc.LandmarksServiceStub(remote.channel)
        self._start = landmarks_pb2.DetectStart(
            media=common_pb2.MediaHeader(name=media.name, size_bytes=media.size_bytes),
            # One that the protocol has no number for is the server's own, which must be the same (`expectation`).
            backend=_BACKENDS.get(asked.config.backend, landmarks_pb2.LANDMARK_BACKEND_UNSPECIFIED),
            mode=_MODES[asked.config.mode],
            max_frames=asked.max_frames,
            num_jitters=asked.config.num_jitters,
            sampling=asked.decode.config.sampling,
            target_fps=asked.decode.config.target_fps,
            max_gap_frames=asked.config.max_gap_frames or -1,
        )
        self._metadata = asked.expectation()
        self._call: Any = None
        self._cancelled = False

    def run(self) -> Landmarks:
        return self._remote.retry_with_timeout(self._try)

    def cancel(self) -> None:
        self._cancelled = True
        if self._call is not None:
            self._call.cancel()

    def _try(self) -> Landmarks:
        pieces = Pieces(self._media)
        info: landmarks_pb2.DetectInfo | None = None
        chunks: list[common_pb2.LandmarkChunk] = []
        try:
            self._call = self._stub.Detect(
                self._requests(pieces), timeout=self._remote.deadline_s, metadata=self._metadata
            )
            for message in self._call:
                match message.WhichOneof("message"):
                    case "info":
                        info = message.info
                    case "chunk":
                        chunks.append(message.chunk)
        except grpc.RpcError:
            pieces.check()
            if self._cancelled:
                raise Transient("CANCELLED", f"{self._media.name}: its points are no longer wanted") from None
            raise
        if info is None:
            raise Retryable(
                Transient("STREAM_ENDED", f"{self._remote.target}: the answer ended before its first message")
            )
        return landmarks_from_protos(info.topology, info.width_px, info.height_px, chunks)

    def _requests(self, pieces: Pieces) -> Iterator[landmarks_pb2.DetectRequest]:
        yield landmarks_pb2.DetectRequest(start=self._start)
        for piece in pieces:
            yield landmarks_pb2.DetectRequest(data=piece)
