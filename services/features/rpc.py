"""How features are reached: an encoded clip or frames in, vectors out. Servicer and remote client share one format."""

from __future__ import annotations

import argparse
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import grpc
import numpy as np
from visemill.v1 import features_pb2, features_pb2_grpc

from services.base import server
from services.base.calls import current_call
from services.base.child_pool import Children, carry
from services.base.clip_pass import ArtifactPart, FactsPart, Part
from services.base.contract import (
    ClipConsumer,
    ClipJob,
    ConfiguredStage,
    Consumer,
    StageSpec,
    add_config_flags,
    config_from_flags,
)
from services.base.errors import BadConfig, BadInput, Transient
from services.base.identity import identity_of
from services.base.intake import Intake, frames_of, job_of, start_of
from services.base.isolation import Stages
from services.base.media import DecodeFacts, Features, Float32Array, FrameChunk, Media, UInt8Array, VideoInfo
from services.base.remote import Remote, expectation, require_expected
from services.base.retry import Again
from services.base.settings import settings
from services.base.wire import PIECE_BYTES, facts_to_proto, frames_to_protos, require_frame_fits
from services.features.batcher import AdaptiveBatcher
from services.features.models import weights_of
from services.features.spec import SPEC, FeaturesConfig
from services.features.stage import FeaturesOfClip

SERVICE = features_pb2.DESCRIPTOR.services_by_name["FeatureService"].full_name


class FeatureServicer(features_pb2_grpc.FeatureServiceServicer):
    """Translates between messages and parts of a pass."""

    def __init__(self, children: Children, intake: Intake, config: FeaturesConfig, max_message_bytes: int) -> None:
        self._children = children
        self._intake = intake
        self._config = config
        self._max_message_bytes = max_message_bytes

    def Extract(
        self, request_iterator: Iterator[features_pb2.ExtractRequest], context: grpc.ServicerContext
    ) -> Iterator[features_pb2.ExtractResponse]:
        start = start_of(request_iterator)
        require_model(start, self._config)
        require_expected(context.invocation_metadata(), lambda: _expected(self._config))
        of = self._of_frames if start.WhichOneof("input") == "frames" else self._of_media
        yield from _responses(of(start, request_iterator))

    def _of_media(
        self, start: features_pb2.ExtractStart, requests: Iterator[features_pb2.ExtractRequest]
    ) -> Iterator[Part]:
        with self._intake.media(start.media, requests) as media:
            current_call().note(clip=media.name)
            yield from carry(self._children, stages_of(start, self._config), job_of(media, start.max_frames))

    def _of_frames(
        self, start: features_pb2.ExtractStart, requests: Iterator[features_pb2.ExtractRequest]
    ) -> Iterator[Part]:
        size = start.frames
        if size.width_px < 1 or size.height_px < 1:
            raise BadInput("BAD_MESSAGE", f"frames must be at least 1x1 px, not {size.width_px}x{size.height_px}")
        require_frame_fits(size.width_px, size.height_px, self._max_message_bytes)
        frames = frames_of(requests, size.width_px, size.height_px, start.max_frames)
        info = VideoInfo(size.width_px, size.height_px, 0, 0.0, 0, 0.0, "", "")
        job = job_of(Media.of_bytes("frames", b""))
        # The same stages as for an encoded clip, so that one child serves both.
        stages = stages_of(features_pb2.ExtractStart(), self._config)
        yield from carry(self._children, stages, job, frames=frames, info=info)


def stages_of(start: features_pb2.ExtractStart, config: FeaturesConfig) -> Stages:
    """The stages that a start asks for. Raises BadConfig."""
    if start.max_frames < 0 or not 0 <= start.target_fps < 1000:
        raise BadConfig(
            "BAD_SETTING",
            f"max_frames {start.max_frames} must be at least 0, and target_fps {start.target_fps:g} from 0 to 1000",
        )
    decode = {"sampling": "grid", "target_fps": start.target_fps} if start.target_fps else {}
    return [("decode", decode), (SPEC.name, dataclasses.asdict(config))]


def require_model(start: features_pb2.ExtractStart, config: FeaturesConfig) -> None:
    """Raises BadConfig when a start wants another network, or other weights, than are served."""
    for what, wanted, here in (("model", start.model, config.model), ("weights", start.weights, weights_of(config))):
        if wanted and wanted != here:
            raise BadConfig(
                "MODEL_DIFFERS", f"the caller wants {what} {wanted!r}, and {here!r} is served: leave it open, or ask"
            )


@functools.lru_cache(maxsize=32)
def _expected(config: FeaturesConfig) -> Mapping[str, Any]:
    """What must be the same at both ends, or vectors under one key would not be the same vectors."""
    identity = identity_of(SPEC, config)
    known = ("version", "key_config", "models", "libraries")
    return {name: value for name, value in identity.to_dict().items() if name in known}


def _responses(parts: Iterator[Part]) -> Iterator[features_pb2.ExtractResponse]:
    facts: DecodeFacts | None = None
    for part in parts:
        match part:
            case FactsPart(facts):
                pass
            case ArtifactPart(SPEC.writes, value):
                yield from vectors_to_protos(value)
    if facts is not None:
        yield features_pb2.ExtractResponse(facts=facts_to_proto(facts))


def vectors_to_protos(value: Features) -> Iterator[features_pb2.ExtractResponse]:
    """The info, then the vectors in messages of at most PIECE_BYTES."""
    num_frames, num_dims = value.vectors_TD.shape
    info = features_pb2.ExtractInfo(
        model=value.model, weights=value.weights, num_dims=num_dims, num_split_batches=value.num_split_batches
    )
    yield features_pb2.ExtractResponse(info=info)
    step = max(1, PIECE_BYTES // (4 * num_dims + 8))
    for first in range(0, num_frames, step):
        part = slice(first, first + step)
        chunk = features_pb2.VectorChunk(
            first_index=first,
            pts_s=value.pts_s_T[part].tolist(),
            vectors=value.vectors_TD[part].astype("<f4", copy=False).tobytes(),
        )
        yield features_pb2.ExtractResponse(chunk=chunk)


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `serve`: the server's, and the stage's config."""
    server.add_serve_flags(parser)
    # The server's num_threads are a child's, and so the network's: one flag says both.
    add_config_flags(parser, FeaturesConfig, skip=("num_threads",))


def serve(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> int:
    """Serves until a signal; the exit code. spec_of: of another stage; none is needed. Raises BadConfig."""
    del spec_of
    config: FeaturesConfig = config_from_flags(FeaturesConfig, flags)
    serve_config = server.serve_config_of(flags)
    children = server.pool_of(serve_config, stages_of(features_pb2.ExtractStart(), config))
    servicer = FeatureServicer(children, server.intake_of(flags), config, settings().max_message_bytes)

    def register(grpc_server: grpc.Server) -> None:
        features_pb2_grpc.add_FeatureServiceServicer_to_server(servicer, grpc_server)

    return server.run_server(serve_config, children, {SERVICE: register})


def open_remote(target: str, config: FeaturesConfig, decode: ConfiguredStage) -> Consumer:
    """What `stage.open_stage(config)` returns, with the network at a server.

    A pass that has the frames already sends them small, a batch a call: the clip is decoded once, its sampling is the
    pass's own, and what a call lost costs one batch. decode: the stage that makes those frames.
    """
    del decode
    remote = Remote(target)

    def consumer(job: ClipJob, info: VideoInfo | None) -> ClipConsumer:
        del info
        return RemoteFeatures(RemoteModel(remote, config), config.batch_size, job.clip.key)

    return consumer


class RemoteFeatures(FeaturesOfClip):
    """One clip whose batches are computed at a server."""

    def __init__(self, model: RemoteModel, batch_size: int, name: str) -> None:
        super().__init__(model, AdaptiveBatcher(batch_size, model.name), batch_size, name)
        self._remote_model = model

    def finish(self, given: Mapping[str, Any]) -> Features:
        """As the stage's; broken batches are those that the server broke."""
        found = super().finish(given)
        return dataclasses.replace(found, num_split_batches=self._remote_model.num_split_batches)


class RemoteModel:
    """The network at a server (services.features.backend.FeatureModel), for one clip.

    weights: what it is to have; a server that serves others refuses. num_split_batches: broken there so far.
    """

    def __init__(self, remote: Remote, config: FeaturesConfig) -> None:
        self.name: str = config.model
        self.weights = weights_of(config)
        self.num_split_batches = 0
        self._remote = remote
        self._stub = features_pb2_grpc.FeatureServiceStub(remote.channel)
        self._metadata = _expectation_of(config)

    def __call__(self, frames_NHWC: UInt8Array) -> Float32Array:
        """As FeatureModel. Raises BadConfig when the server serves something else."""
        return self._remote.patiently(lambda: self._try(frames_NHWC))

    def _try(self, frames_NHWC: UInt8Array) -> Float32Array:
        call = self._stub.Extract(self._requests(frames_NHWC), timeout=self._remote.deadline_s, metadata=self._metadata)
        info, pieces = features_pb2.ExtractInfo(), list[Float32Array]()
        for message in call:
            match message.WhichOneof("message"):
                case "info":
                    info = message.info
                case "chunk":
                    pieces.append(np.frombuffer(message.chunk.vectors, "<f4").reshape(-1, info.num_dims))
        if sum(map(len, pieces)) != len(frames_NHWC):
            raise Again(Transient("STREAM_ENDED", f"{self._remote.target}: the answer ended before its last vector"))
        self.num_split_batches += info.num_split_batches
        return np.concatenate(pieces).astype(np.float32, copy=False)

    def _requests(self, frames_NHWC: UInt8Array) -> Iterator[features_pb2.ExtractRequest]:
        height_px, width_px = frames_NHWC.shape[1:3]
        size = features_pb2.FrameSize(width_px=width_px, height_px=height_px)
        start = features_pb2.ExtractStart(frames=size, model=self.name, weights=self.weights)
        yield features_pb2.ExtractRequest(start=start)
        chunk = FrameChunk(0, frames_NHWC, np.zeros(len(frames_NHWC)))
        for message in frames_to_protos(chunk, self._remote.max_message_bytes):
            yield features_pb2.ExtractRequest(chunk=message)


def _expectation_of(config: FeaturesConfig) -> tuple[tuple[str, str], ...]:
    try:
        return expectation(_expected(config))
    except BadConfig:
        # A client without the libraries keeps no vectors under their versions, so it has nothing to compare.
        return ()
