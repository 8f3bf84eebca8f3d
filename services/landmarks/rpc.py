"""How landmarks are reached: an encoded clip or frames in, points out. Servicer and remote client share one format."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import threading
import weakref
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Any

import grpc
from visemill.v1 import common_pb2, landmarks_pb2, landmarks_pb2_grpc

from services.base import server
from services.base.calls import current_call
from services.base.child_pool import Children, carry
from services.base.clip_pass import ArtifactPart, FactsPart, Part
from services.base.contract import (
    ClipConsumer,
    ClipJob,
    Consumer,
    add_config_flags,
    config_from_flags,
    config_from_mapping,
)
from services.base.errors import BadConfig, BadInput, Transient
from services.base.identity import identity_of
from services.base.intake import Intake, frames_of, job_of, start_of
from services.base.isolation import Stages
from services.base.media import DecodeFacts, FrameChunk, Landmarks, Media, VideoInfo
from services.base.remote import Pieces, Remote, expectation, require_expected
from services.base.retry import Again
from services.base.settings import settings
from services.base.topology import topology
from services.base.wire import (
    facts_to_proto,
    landmarks_from_protos,
    landmarks_to_protos,
    require_frame_fits,
)
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


class LandmarksServicer(landmarks_pb2_grpc.LandmarksServiceServicer):
    """Translates between messages and parts of a pass. decode: config values of the stage that decodes clips here."""

    def __init__(
        self,
        children: Children,
        intake: Intake,
        config: LandmarksConfig,
        decode: Mapping[str, Any],
        max_message_bytes: int,
    ) -> None:
        self._children = children
        self._intake = intake
        self._config = config
        self._decode = decode
        self._max_message_bytes = max_message_bytes

    def Detect(
        self, request_iterator: Iterator[landmarks_pb2.DetectRequest], context: grpc.ServicerContext
    ) -> Iterator[landmarks_pb2.DetectResponse]:
        start = start_of(request_iterator)
        stages = stages_of(start, self._config, self._decode)
        config = config_from_mapping(LandmarksConfig, stages[-1][1])
        require_expected(context.invocation_metadata(), lambda: _expected(config))
        if start.WhichOneof("input") == "frames":
            parts = self._of_frames(start, request_iterator, stages)
        else:
            parts = self._of_media(start.media, request_iterator, stages)
        yield from _responses(parts)

    def _of_media(
        self, header: common_pb2.MediaHeader, requests: Iterator[landmarks_pb2.DetectRequest], stages: Stages
    ) -> Iterator[Part]:
        with self._intake.media(header, requests) as media:
            current_call().note(clip=media.name)
            yield from carry(self._children, stages, job_of(media))

    def _of_frames(
        self, start: landmarks_pb2.DetectStart, requests: Iterator[landmarks_pb2.DetectRequest], stages: Stages
    ) -> Iterator[Part]:
        width_px, height_px = start.frames.width_px, start.frames.height_px
        if width_px < 1 or height_px < 1:
            raise BadInput("BAD_MESSAGE", f"frames must be at least 1x1 px, not {width_px}x{height_px}")
        require_frame_fits(width_px, height_px, self._max_message_bytes)
        frames = frames_of(requests, width_px, height_px, start.max_frames)
        info = VideoInfo(width_px, height_px, 0, 0.0, 0, 0.0, "", "")
        job = job_of(Media.of_bytes("frames", b""))
        yield from carry(self._children, stages, job, frames=frames, info=info)


def stages_of(start: landmarks_pb2.DetectStart, config: LandmarksConfig, decode: Mapping[str, Any]) -> Stages:
    """The stages that a start asks for; what it leaves open is as the server was started. Raises BadConfig."""
    if start.max_frames < 0:
        raise BadConfig("BAD_SETTING", f"max_frames must be 0 (all) or more, not {start.max_frames}")
    values = dataclasses.asdict(config)
    if start.backend:
        values["backend"] = _name_of(start.backend, _BACKENDS, "backend")
    if start.mode:
        values["mode"] = _name_of(start.mode, _MODES, "mode")
    if start.num_jitters:
        values["num_jitters"] = start.num_jitters
    config_from_mapping(LandmarksConfig, values)
    max_frames = start.max_frames if start.WhichOneof("input") != "frames" else 0
    return [("decode", {**decode, "max_frames": max_frames}), (SPEC.name, values)]


@functools.lru_cache(maxsize=32)
def _expected(config: LandmarksConfig) -> Mapping[str, Any]:
    """What must be the same at both ends, or points under one key would not be the same points."""
    identity = identity_of(SPEC, config)
    return {"version": identity.version, "models": dict(identity.models), "libraries": dict(identity.libraries)}


def _responses(parts: Iterator[Part]) -> Iterator[landmarks_pb2.DetectResponse]:
    facts: DecodeFacts | None = None
    for part in parts:
        match part:
            case FactsPart(facts):
                pass
            case ArtifactPart(SPEC.writes, value):
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
    server.add_serve_flags(parser)
    add_config_flags(parser, LandmarksConfig)
    parser.add_argument(
        "--decode-config", default="{}", help="JSON object: settings of decode for encoded clips (default: %(default)s)"
    )


def serve(flags: argparse.Namespace) -> int:
    """Serves until a signal; the exit code. Raises BadConfig."""
    config: LandmarksConfig = config_from_flags(LandmarksConfig, flags)
    decode = _decode_config(flags.decode_config)
    serve_config = server.serve_config_of(flags)
    children = server.pool_of(serve_config, stages_of(landmarks_pb2.DetectStart(), config, decode))
    servicer = LandmarksServicer(children, server.intake_of(flags), config, decode, settings().max_message_bytes)

    def register(grpc_server: grpc.Server) -> None:
        landmarks_pb2_grpc.add_LandmarksServiceServicer_to_server(servicer, grpc_server)

    return server.run_server(serve_config, children, {SERVICE: register})


def _decode_config(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise BadConfig("BAD_SETTING", f"--decode-config {text!r} is not JSON: {error}") from error
    if not isinstance(values, dict) or "max_frames" in values:
        raise BadConfig(
            "BAD_SETTING", f"--decode-config {text!r} must be an object without max_frames, which callers say"
        )
    return values


def open_remote(target: str, config: LandmarksConfig, max_frames: int = 0) -> Consumer:
    """What `stage.open_stage(config)` returns, with decoder and detector at a server.

    max_frames: where this pass stops decoding, 0 at the end; needed only where no stage of the pass asks for frames.
    """
    remote = Remote(target)

    def consumer(job: ClipJob, info: VideoInfo | None) -> ClipConsumer:
        del info
        return RemoteConsumer(remote, job.media, config, max_frames)

    return consumer


class RemoteConsumer:
    """One clip at a server (services.base.contract.ClipConsumer): sent at once, in the background, as encoded bytes."""

    wants_frames = False

    def __init__(self, remote: Remote, media: Media, config: LandmarksConfig, max_frames: int) -> None:
        self._remote = remote
        self._media = media
        self._config = config
        self._detection = _Detection(remote, media, config, max_frames)
        self._answer: Future[Landmarks] = Future()
        # A clip that fails elsewhere is dropped without a finish: its call goes with it.
        weakref.finalize(self, self._detection.cancel)
        threading.Thread(target=_detect_into, args=(self._detection, self._answer), daemon=True).start()

    def push(self, chunk: FrameChunk) -> None:
        raise RuntimeError(f"this consumer asked for no frames, and got {len(chunk)}")

    def finish(self, given: Mapping[str, Any]) -> Landmarks:
        """The points. Raises what the stage raises, Transient, and BadConfig FRAMES_DIFFER."""
        found = self._answer.result()
        facts: DecodeFacts | None = given.get("facts")
        if facts is None or len(found.points_TNC) == facts.num_frames:
            return found
        # This pass stopped decoding earlier. Points may depend on later frames, so they are not cut but found anew.
        found = _Detection(self._remote, self._media, self._config, facts.num_frames).run()
        if len(found.points_TNC) != facts.num_frames:
            raise BadConfig(
                "FRAMES_DIFFER",
                f"{self._media.name}: {facts.num_frames} frames were decoded here and {len(found.points_TNC)} at "
                f"{self._remote.target}: run the same version and settings of decode at both ends",
            )
        return found


def _expectation_of(config: LandmarksConfig) -> tuple[tuple[str, str], ...]:
    try:
        return expectation(_expected(config))
    except BadConfig:
        # A client without the model file keeps no points under its digest, so it has nothing to compare.
        return ()


def _detect_into(detection: _Detection, answer: Future[Landmarks]) -> None:
    try:
        answer.set_result(detection.run())
    except Exception as error:  # noqa: BLE001 - raised again where the answer is asked for
        answer.set_exception(error)


class _Detection:
    """One clip's call, tried again as long as it makes sense."""

    def __init__(self, remote: Remote, media: Media, config: LandmarksConfig, max_frames: int) -> None:
        self._remote = remote
        self._media = media
        self._stub = landmarks_pb2_grpc.LandmarksServiceStub(remote.channel)
        self._start = landmarks_pb2.DetectStart(
            media=common_pb2.MediaHeader(name=media.name, size_bytes=media.size_bytes),
            backend=_BACKENDS[config.backend],
            mode=_MODES[config.mode],
            max_frames=max_frames,
            num_jitters=config.num_jitters,
        )
        self._metadata = _expectation_of(config)
        self._call: Any = None
        self._cancelled = False

    def run(self) -> Landmarks:
        return self._remote.patiently(self._try)

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
            raise Again(Transient("STREAM_ENDED", f"{self._remote.target}: the answer ended before its first message"))
        return landmarks_from_protos(info.topology, info.width_px, info.height_px, chunks)

    def _requests(self, pieces: Pieces) -> Iterator[landmarks_pb2.DetectRequest]:
        yield landmarks_pb2.DetectRequest(start=self._start)
        for piece in pieces:
            yield landmarks_pb2.DetectRequest(data=piece)
