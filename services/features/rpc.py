"""How features are reached: an encoded clip or frames in, vectors out. Servicer and remote client share one format."""

from __future__ import annotations

import argparse
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import grpc
import numpy as np
from visemill.v1 import features_pb2, features_pb2_grpc

from services.base.errors import BadConfig, Transient
from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.features import Features
from services.base.media.video import DecodeFacts, FrameChunk, VideoInfo
from services.base.process.retry import Retryable
from services.base.process.settings import settings
from services.base.rpc import config as config_module
from services.base.rpc import server as server_module
from services.base.rpc.client import Remote, expectation, require_expected
from services.base.rpc.codec import PIECE_BYTES, facts_to_proto, frames_to_protos
from services.base.rpc.interceptor import current_call
from services.base.rpc.pool import Children, execute
from services.base.rpc.readiness import Need
from services.base.rpc.uploads import Uploads, job_of, pushed_frames, start_of
from services.base.sandbox.supervisor import Stages
from services.base.stage.clip_pass import ArtifactPart, FactsPart, Part
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.stage.spec import ClipConsumer, ClipJob, ConfiguredStage, Consumer, StageSpec
from services.base.worker.fingerprint import identity_of
from services.features.backend import Items
from services.features.batching.in_flight import Answer, Departures
from services.features.models import weights_of
from services.features.networks import network_named
from services.features.opening import check_of_triton
from services.features.spec import SPEC, FeaturesConfig
from services.features.stage import FeaturesOfClip

SERVICE = features_pb2.DESCRIPTOR.services_by_name["FeatureService"].full_name


class FeatureServicer(features_pb2_grpc.FeatureServiceServicer):
    """Translates between messages and parts of a pass."""

    def __init__(self, children: Children, uploads: Uploads, config: FeaturesConfig, max_message_bytes: int) -> None:
        self._children = children
        self._uploads = uploads
        self._config = config
        self._max_message_bytes = max_message_bytes

    def Extract(
        self, request_iterator: Iterator[features_pb2.ExtractRequest], context: grpc.ServicerContext
    ) -> Iterator[features_pb2.ExtractResponse]:
        start = start_of(request_iterator)
        require_model(start, self._config)
        require_expected(context.invocation_metadata(), lambda: _expected(self._config))
        if start.WhichOneof("input") == "frames":
            yield from _responses(self._of_frames(start, request_iterator))
            return
        with self._uploads.media(start.media, request_iterator) as media:
            current_call().note(clip=media.name)
            job = job_of(media, start.max_frames)
            yield from _responses(execute(self._children, stages_of(start, self._config), job))

    def _of_frames(
        self, start: features_pb2.ExtractStart, requests: Iterator[features_pb2.ExtractRequest]
    ) -> Iterator[Part]:
        """A pass for each batch: its vectors leave before the next batch is read, and no more than a chunk is held."""
        size = start.frames
        frames, info, job = pushed_frames(
            requests, size.width_px, size.height_px, start.max_frames, self._max_message_bytes
        )
        # The same stages as for an encoded clip, so that one child serves both.
        stages = stages_of(features_pb2.ExtractStart(), self._config)
        call = current_call()
        with self._children.borrow(call.remaining_s(), stages) as child:
            for batch in batches_of(frames, self._config.batch_size):
                yield from child.run(job, timeout_s=call.remaining_s(), pushed=batch, info=info)


def batches_of(chunks: Iterator[FrameChunk], size: int) -> Iterator[Iterator[FrameChunk]]:
    """Runs of `size` frames, the last one shorter, each to be read to its end before the next; an empty one for none.

    Cut as the stage cuts a clip, so the vectors are the same.
    """
    rest: FrameChunk | None = None

    def batch(chunk: FrameChunk | None) -> Iterator[FrameChunk]:
        nonlocal rest
        room = size
        while chunk is not None:
            part, rest = _cut(chunk, room)
            room -= len(part)
            yield part
            # The next chunk is not waited for before this batch is answered.
            chunk = next(chunks, None) if room else None

    yield batch(next(chunks, None))
    while (first := rest or next(chunks, None)) is not None:
        yield batch(first)


def _cut(chunk: FrameChunk, num_frames: int) -> tuple[FrameChunk, FrameChunk | None]:
    """The first frames of a chunk, and the rest if there is one."""
    if len(chunk) <= num_frames:
        return chunk, None
    head, tail = slice(None, num_frames), slice(num_frames, None)
    rest = FrameChunk(chunk.first_index + num_frames, chunk.frames_THWC[tail], chunk.pts_s[tail])
    return FrameChunk(chunk.first_index, chunk.frames_THWC[head], chunk.pts_s[head]), rest


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
    num_frames = 0
    for part in parts:
        match part:
            case FactsPart(DecodeFacts() as facts):
                pass
            case ArtifactPart(name, value) if name in SPEC.writes:
                if not num_frames:
                    yield features_pb2.ExtractResponse(info=info_to_proto(value))
                for chunk in vectors_to_protos(value, num_frames):
                    yield features_pb2.ExtractResponse(chunk=chunk)
                num_frames += len(value.vectors_TD)
    if facts is not None:
        yield features_pb2.ExtractResponse(facts=facts_to_proto(facts))


def info_to_proto(value: Features) -> features_pb2.ExtractInfo:
    """What holds for every vector."""
    return features_pb2.ExtractInfo(model=value.model, weights=value.weights, num_dims=value.vectors_TD.shape[1])


def vectors_to_protos(value: Features, first_index: int = 0) -> Iterator[features_pb2.VectorChunk]:
    """The vectors in messages of at most PIECE_BYTES. first_index: of the first one's frame."""
    num_frames, num_dims = value.vectors_TD.shape
    step = max(1, PIECE_BYTES // (4 * num_dims + 8))
    for start in range(0, num_frames, step):
        part = slice(start, start + step)
        yield features_pb2.VectorChunk(
            first_index=first_index + start,
            pts_s=value.pts_s_T[part].tolist(),
            vectors=value.vectors_TD[part].astype("<f4", copy=False).tobytes(),
            num_split_batches=0 if start else value.num_split_batches,
        )


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `serve`: the server's, and the stage's config."""
    config_module.add_serve_flags(parser)
    # The server's num_threads are a child's, and so the network's: one flag says both.
    add_config_flags(parser, FeaturesConfig, skip=("num_threads",))


def serve(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> int:
    """Serves until a signal; the exit code. spec_of: of another stage; none is needed. Raises BadConfig."""
    del spec_of
    config: FeaturesConfig = config_from_flags(FeaturesConfig, flags)
    serve_config = config_module.serve_config_of(flags)
    children = server_module.pool_of(serve_config, stages_of(features_pb2.ExtractStart(), config), (SPEC,))
    uploads = server_module.uploads_of(flags)
    servicer = FeatureServicer(children, uploads, config, settings().max_message_bytes)

    def register(grpc_server: grpc.Server) -> None:
        features_pb2_grpc.add_FeatureServiceServicer_to_server(servicer, grpc_server)

    return server_module.run_server(
        serve_config, children, {SERVICE: register}, uploads=uploads, needs=needs_of(config)
    )


def needs_of(config: FeaturesConfig) -> list[Need]:
    """What the server must have before its children can load the network: the Triton server, with the model."""
    return [Need("Triton", check_of_triton(config))] if config.backend == "triton" else []


def open_remote(target: str, config: FeaturesConfig, decode: ConfiguredStage) -> Consumer:
    """What `stage.open_stage(config)` returns, with the network at a server.

    A pass that has the frames already sends them small, a batch a call: the clip is decoded once, its sampling is the
    pass's own, and what a call lost costs one batch. decode: the stage that makes those frames.
    """
    del decode
    departures = Departures(RemoteModel(Remote(target), config), config.batch_size)
    side_px = network_named(config.model).side_px

    def consumer(job: ClipJob, info: VideoInfo | None) -> ClipConsumer:
        del info
        return FeaturesOfClip(departures, job.clip.key, side_px)

    return consumer


class RemoteModel:
    """The network at a server (services.features.batching.in_flight.Computer), which makes batches fit by itself.

    weights: what it is to have; a server that serves others refuses.
    """

    # One batch is computed while the next is on its way.
    num_in_flight = 2

    def __init__(self, remote: Remote, config: FeaturesConfig) -> None:
        self.name: str = config.vectors_name
        self._model = config.model
        self.weights = weights_of(config)
        self._remote = remote
        self._stub = features_pb2_grpc.FeatureServiceStub(remote.channel)
        self._metadata = _expectation_of(config)

    def compute(self, batch_NX: Items, owner: str) -> Answer:
        """As Computer. Raises BadConfig when the server serves something else."""
        del owner
        return self._remote.retry_with_timeout(lambda: self._try(batch_NX))

    def _try(self, batch_NX: Items) -> Answer:
        call = self._stub.Extract(self._requests(batch_NX), timeout=self._remote.deadline_s, metadata=self._metadata)
        num_dims, num_splits, pieces = 0, 0, list[Float32Array]()
        for message in call:
            match message.WhichOneof("message"):
                case "info":
                    num_dims = message.info.num_dims
                case "chunk":
                    pieces.append(np.frombuffer(message.chunk.vectors, "<f4").reshape(-1, num_dims))
                    num_splits += message.chunk.num_split_batches
        if sum(map(len, pieces)) != len(batch_NX):
            raise Retryable(
                Transient("STREAM_ENDED", f"{self._remote.target}: the answer ended before its last vector")
            )
        return Answer([piece.astype(np.float32, copy=False) for piece in pieces], num_splits)

    def _requests(self, frames_NHWC: Items) -> Iterator[features_pb2.ExtractRequest]:
        height_px, width_px = frames_NHWC.shape[1:3]
        size = features_pb2.FrameSize(width_px=width_px, height_px=height_px)
        start = features_pb2.ExtractStart(frames=size, model=self._model, weights=self.weights)
        yield features_pb2.ExtractRequest(start=start)
        chunk = FrameChunk(0, cast(UInt8Array, frames_NHWC), np.zeros(len(frames_NHWC)))
        for message in frames_to_protos(chunk, self._remote.max_message_bytes):
            yield features_pb2.ExtractRequest(chunk=message)


def _expectation_of(config: FeaturesConfig) -> tuple[tuple[str, str], ...]:
    try:
        return expectation(_expected(config))
    except BadConfig:
        # A client without the libraries keeps no vectors under their versions, so it has nothing to compare.
        return ()
