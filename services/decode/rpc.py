"""How decode is reached: encoded bytes or a URI in, frames out. The servicer and the remote source share one format."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import grpc
import numpy as np
from visemill.v1 import common_pb2, decode_pb2, decode_pb2_grpc

from services.base.errors import BadConfig
from services.base.media.clip import Media
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.process.settings import settings
from services.base.rpc import config as config_module
from services.base.rpc import server as server_module
from services.base.rpc.client import Remote, expectation, require_expected
from services.base.rpc.codec import (
    facts_from_proto,
    facts_to_proto,
    frames_from_proto,
    frames_to_protos,
    info_from_proto,
    info_to_proto,
    require_frame_fits,
)
from services.base.rpc.interceptor import current_call
from services.base.rpc.pool import Children, execute
from services.base.rpc.remote_stream import RemoteStream
from services.base.rpc.uploads import Uploads, job_of, start_of
from services.base.stage.clip_pass import ChunkPart, FactsPart, InfoPart, Part
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.stage.spec import StageSpec
from services.base.stage.stream import FRAMES, FrameSource, FrameStream
from services.base.worker.fingerprint import identity_of
from services.containers.config import DecodeConfig, config_of_call, config_of_clip
from services.decode.spec import SPEC

SERVICE = decode_pb2.DESCRIPTOR.services_by_name["DecodeService"].full_name
# Set in each call, or of no consequence to the caller.
_NOT_EXPECTED = ("max_frames", "sampling", "target_fps", "chunk_bytes")


class DecodeServicer(decode_pb2_grpc.DecodeServiceServicer):
    """Translates between messages and parts of a pass."""

    def __init__(self, children: Children, uploads: Uploads, config: DecodeConfig, max_message_bytes: int) -> None:
        self._children = children
        self._uploads = uploads
        self._config = config
        self._max_message_bytes = max_message_bytes

    def Decode(
        self, request_iterator: Iterator[decode_pb2.DecodeRequest], context: grpc.ServicerContext
    ) -> Iterator[decode_pb2.DecodeResponse]:
        start = start_of(request_iterator)
        require_expected(context.invocation_metadata(), lambda: _expected(self._config))
        stages = [(SPEC.name, dataclasses.asdict(config_of_call(self._config, start.sampling, start.target_fps)))]
        with self._uploads.media(start.media, request_iterator) as media:
            current_call().note(clip=media.name)
            parts = execute(self._children, stages, job_of(media, start.max_frames), want={FRAMES})
            yield from _responses(parts, self._max_message_bytes)


def _responses(parts: Iterator[Part], max_message_bytes: int) -> Iterator[decode_pb2.DecodeResponse]:
    facts: DecodeFacts | None = None
    for part in parts:
        match part:
            case InfoPart(VideoInfo() as info):
                require_frame_fits(info.width_px, info.height_px, max_message_bytes)
                yield decode_pb2.DecodeResponse(info=info_to_proto(info))
            case ChunkPart(FrameChunk() as chunk):
                for message in frames_to_protos(chunk, max_message_bytes):
                    yield decode_pb2.DecodeResponse(chunk=message)
            case FactsPart(DecodeFacts() as facts):
                pass
    # Last, once the child is done: a caller that hangs up on the facts would else cost the child.
    if facts is not None:
        yield decode_pb2.DecodeResponse(facts=facts_to_proto(facts))


def _expected(config: DecodeConfig) -> Mapping[str, Any]:
    """What must be the same at both ends for the frames to be the same."""
    settings = {name: value for name, value in dataclasses.asdict(config).items() if name not in _NOT_EXPECTED}
    return {**settings, "version": SPEC.version, "libraries": dict(identity_of(SPEC, config).libraries)}


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `serve`: the server's, and the stage's config."""
    config_module.add_serve_flags(parser)
    add_config_flags(parser, DecodeConfig)


def serve(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> int:
    """Serves until a signal; the exit code. Raises BadConfig."""
    del spec_of
    config: DecodeConfig = config_from_flags(DecodeConfig, flags)
    if config.max_frames:
        raise BadConfig("SET_IN_EACH_CALL", "each call sets max_frames: leave --max-frames out of serve")
    serve_config = config_module.serve_config_of(flags)
    children = server_module.pool_of(serve_config, [(SPEC.name, dataclasses.asdict(config))], (SPEC,))
    uploads = server_module.uploads_of(flags)
    servicer = DecodeServicer(children, uploads, config, settings().max_message_bytes)

    def register(grpc_server: grpc.Server) -> None:
        decode_pb2_grpc.add_DecodeServiceServicer_to_server(servicer, grpc_server)

    return server_module.run_server(serve_config, children, {SERVICE: register}, uploads=uploads)


def open_remote(target: str, config: DecodeConfig) -> FrameSource:
    """What `stage.open_stage(config)` returns, decoding at a server. Raises what that raises, and Transient."""
    remote = Remote(target)

    def source(media: Media, max_frames: int | None = None) -> AbstractContextManager[FrameStream]:
        return RemoteFrames(remote, media, config_of_clip(config, max_frames)).opened()

    return source


class RemoteFrames(RemoteStream[VideoInfo, FrameChunk, DecodeFacts]):
    """Frames of one clip from a server."""

    def __init__(self, remote: Remote, media: Media, config: DecodeConfig) -> None:
        super().__init__(remote, media, SPEC.name)
        self._config = config
        self._stub = decode_pb2_grpc.DecodeServiceStub(remote.channel)

    def _begin(self, pieces: Iterator[bytes]) -> Any:
        return self._stub.Decode(
            self._requests(pieces), timeout=self._remote.deadline_s, metadata=expectation(_expected(self._config))
        )

    def _requests(self, pieces: Iterator[bytes]) -> Iterator[decode_pb2.DecodeRequest]:
        header = common_pb2.MediaHeader(name=self._media.name, size_bytes=self._media.size_bytes)
        start = decode_pb2.DecodeStart(
            media=header,
            max_frames=self._config.max_frames,
            sampling=self._config.sampling,
            target_fps=self._config.target_fps,
        )
        yield decode_pb2.DecodeRequest(start=start)
        for piece in pieces:
            yield decode_pb2.DecodeRequest(data=piece)

    def _info_of(self, message: Any) -> VideoInfo:
        return info_from_proto(message)

    def _chunk_of(self, message: Any, info: VideoInfo) -> FrameChunk:
        return frames_from_proto(message, info.width_px, info.height_px)

    def _facts_of(self, message: Any) -> DecodeFacts:
        return facts_from_proto(message)

    def _after(self, chunk: FrameChunk, num_delivered: int) -> tuple[FrameChunk | None, int]:
        return _after(chunk, num_delivered), chunk.first_index + len(chunk)


def _after(chunk: FrameChunk, num_delivered: int) -> FrameChunk | None:
    """What of the chunk lies past the frames delivered already."""
    num_known = max(0, num_delivered - chunk.first_index)
    if num_known >= len(chunk):
        return None
    if num_known == 0:
        return chunk
    frames_THWC = np.ascontiguousarray(chunk.frames_THWC[num_known:])
    return FrameChunk(chunk.first_index + num_known, frames_THWC, chunk.pts_s[num_known:])
