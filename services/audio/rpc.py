"""How audio is reached: encoded bytes or a URI in, samples out. The servicer and the remote source share one format."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

import grpc
import numpy as np
from visemill.v1 import audio_pb2, audio_pb2_grpc, common_pb2

from services.audio.spec import SPEC
from services.base.errors import BadConfig, BadInput
from services.base.media.audio import AudioChunk, AudioFacts, AudioInfo
from services.base.media.clip import Media
from services.base.media.video import TimeHole
from services.base.rpc import config as config_module
from services.base.rpc import server as server_module
from services.base.rpc.client import Remote, expectation, require_expected
from services.base.rpc.codec import PIECE_BYTES
from services.base.rpc.interceptor import current_call
from services.base.rpc.pool import Children, execute
from services.base.rpc.remote_stream import RemoteStream
from services.base.rpc.uploads import Uploads, job_of, start_of
from services.base.stage.clip_pass import ChunkPart, FactsPart, InfoPart, Part
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.stage.spec import StageSpec
from services.base.stage.stream import WAVEFORM, AudioSource, AudioStream
from services.base.worker.fingerprint import identity_of
from services.containers.audio.config import AudioConfig

SERVICE = audio_pb2.DESCRIPTOR.services_by_name["AudioService"].full_name
_CHANNELS = {1: audio_pb2.AUDIO_CHANNELS_MONO, 0: audio_pb2.AUDIO_CHANNELS_SOURCE}
# Set in each call, or of no consequence to the caller.
_NOT_EXPECTED = ("sample_rate_hz", "channels", "chunk_samples")
_BYTES_PER_SAMPLE = 4


class AudioServicer(audio_pb2_grpc.AudioServiceServicer):
    """Translates between messages and parts of a pass."""

    def __init__(self, children: Children, uploads: Uploads, config: AudioConfig) -> None:
        self._children = children
        self._uploads = uploads
        self._config = config

    def DecodeAudio(
        self, request_iterator: Iterator[audio_pb2.DecodeAudioRequest], context: grpc.ServicerContext
    ) -> Iterator[audio_pb2.DecodeAudioResponse]:
        start = start_of(request_iterator)
        require_expected(context.invocation_metadata(), lambda: _expected(self._config))
        stages = [(SPEC.name, dataclasses.asdict(config_of_call(self._config, start)))]
        with self._uploads.media(start.media, request_iterator) as media:
            current_call().note(clip=media.name)
            yield from _responses(execute(self._children, stages, job_of(media), want={WAVEFORM}))


def config_of_call(config: AudioConfig, start: audio_pb2.DecodeAudioStart) -> AudioConfig:
    """The config with what a call asks for. Raises BadConfig BAD_SETTING."""
    channels = {number: value for value, number in _CHANNELS.items()}
    asked: dict[str, Any] = {}
    if start.sample_rate_hz > 0:
        asked["sample_rate_hz"] = start.sample_rate_hz
    elif start.sample_rate_hz < 0:
        # Of a caller that wants the source's own rate, where 0 is that of the server.
        asked["sample_rate_hz"] = 0
    if start.channels:
        if start.channels not in channels:
            raise BadConfig(
                "BAD_SETTING", f"channels {start.channels} is not known here; there are 1 (mono), 2 (source)"
            )
        asked["channels"] = channels[start.channels]
    try:
        return dataclasses.replace(config, **asked)
    except ValueError as error:
        raise BadConfig("BAD_SETTING", str(error)) from error


def _responses(parts: Iterator[Part]) -> Iterator[audio_pb2.DecodeAudioResponse]:
    facts: AudioFacts | None = None
    for part in parts:
        match part:
            case InfoPart(AudioInfo() as info):
                yield audio_pb2.DecodeAudioResponse(info=audio_pb2.AudioInfo(**dataclasses.asdict(info)))
            case ChunkPart(AudioChunk() as chunk):
                for message in samples_to_protos(chunk):
                    yield audio_pb2.DecodeAudioResponse(chunk=message)
            case FactsPart(AudioFacts() as facts):
                pass
    # Last, once the child is done: a caller that hangs up on the facts would else cost the child.
    if facts is not None:
        yield audio_pb2.DecodeAudioResponse(facts=facts_to_proto(facts))


def samples_to_protos(chunk: AudioChunk) -> Iterator[audio_pb2.AudioChunk]:
    """The chunk in messages of at most PIECE_BYTES of samples."""
    step = max(1, PIECE_BYTES // (_BYTES_PER_SAMPLE * chunk.samples_TC.shape[1]))
    for start in range(0, len(chunk), step):
        samples_TC = chunk.samples_TC[start : start + step].astype("<f4", copy=False)
        yield audio_pb2.AudioChunk(first_sample=chunk.first_sample + start, samples=samples_TC.tobytes())


def samples_from_proto(message: audio_pb2.AudioChunk, info: AudioInfo) -> AudioChunk:
    """The inverse. Raises BadInput BAD_MESSAGE."""
    width = _BYTES_PER_SAMPLE * info.num_channels
    if not message.samples or len(message.samples) % width or message.first_sample < 0:
        raise BadInput(
            "BAD_MESSAGE",
            f"a chunk at sample {message.first_sample} of {len(message.samples)} bytes must hold samples of {width} "
            "bytes, at least one, and begin at 0 or later",
        )
    samples_TC = np.frombuffer(message.samples, "<f4").astype(np.float32).reshape(-1, info.num_channels)
    return AudioChunk(message.first_sample, samples_TC, info.sample_rate_hz, info.start_s)


def info_from_proto(message: audio_pb2.AudioInfo) -> AudioInfo:
    """The same fields under the same names. Raises BadInput BAD_MESSAGE."""
    try:
        return AudioInfo(**{field.name: getattr(message, field.name) for field in dataclasses.fields(AudioInfo)})
    except ValueError as error:
        raise BadInput("BAD_MESSAGE", str(error)) from error


def facts_to_proto(facts: AudioFacts) -> audio_pb2.AudioFacts:
    """The same fields under the same names."""
    values = {field.name: getattr(facts, field.name) for field in dataclasses.fields(facts)}
    values["gaps"] = [common_pb2.TimeHole(at_s=gap.at_s, length_s=gap.length_s) for gap in facts.gaps]
    values["warnings"] = [line.encode(errors="replace").decode() for line in facts.warnings]
    return audio_pb2.AudioFacts(**values)


def facts_from_proto(message: audio_pb2.AudioFacts) -> AudioFacts:
    """The inverse of `facts_to_proto`."""
    values = {field.name: getattr(message, field.name) for field in dataclasses.fields(AudioFacts)}
    values["gaps"] = tuple(TimeHole(gap.at_s, gap.length_s) for gap in message.gaps)
    values["warnings"] = tuple(message.warnings)
    return AudioFacts(**values)


def _expected(config: AudioConfig) -> Mapping[str, Any]:
    """What must be the same at both ends for the samples to be the same."""
    settings = {name: value for name, value in dataclasses.asdict(config).items() if name not in _NOT_EXPECTED}
    return {**settings, "version": SPEC.version, "libraries": dict(identity_of(SPEC, config).libraries)}


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `serve`: the server's, and the stage's config."""
    config_module.add_serve_flags(parser)
    add_config_flags(parser, AudioConfig)


def serve(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> int:
    """Serves until a signal; the exit code. spec_of: of another stage; none is needed. Raises BadConfig."""
    del spec_of
    config: AudioConfig = config_from_flags(AudioConfig, flags)
    serve_config = config_module.serve_config_of(flags)
    children = server_module.pool_of(serve_config, [(SPEC.name, dataclasses.asdict(config))], (SPEC,))
    uploads = server_module.uploads_of(flags)
    servicer = AudioServicer(children, uploads, config)

    def register(grpc_server: grpc.Server) -> None:
        audio_pb2_grpc.add_AudioServiceServicer_to_server(servicer, grpc_server)

    return server_module.run_server(serve_config, children, {SERVICE: register}, uploads=uploads)


def open_remote(target: str, config: AudioConfig) -> AudioSource:
    """What `stage.open_stage(config)` returns, decoding at a server. Raises what that raises, and Transient."""
    remote = Remote(target)

    def source(media: Media, max_frames: int | None = None) -> AbstractContextManager[AudioStream]:
        del max_frames  # of pictures
        return RemoteSound(remote, media, config).opened()

    return source


class RemoteSound(RemoteStream[AudioInfo, AudioChunk, AudioFacts]):
    """Samples of one clip from a server."""

    def __init__(self, remote: Remote, media: Media, config: AudioConfig) -> None:
        super().__init__(remote, media, SPEC.name)
        self._config = config
        self._stub = audio_pb2_grpc.AudioServiceStub(remote.channel)

    def _begin(self, pieces: Iterator[bytes]) -> Any:
        return self._stub.DecodeAudio(
            self._requests(pieces), timeout=self._remote.deadline_s, metadata=expectation(_expected(self._config))
        )

    def _requests(self, pieces: Iterator[bytes]) -> Iterator[audio_pb2.DecodeAudioRequest]:
        start = audio_pb2.DecodeAudioStart(
            media=common_pb2.MediaHeader(name=self._media.name, size_bytes=self._media.size_bytes),
            sample_rate_hz=self._config.sample_rate_hz or -1,
            channels=_CHANNELS[self._config.channels],
        )
        yield audio_pb2.DecodeAudioRequest(start=start)
        for piece in pieces:
            yield audio_pb2.DecodeAudioRequest(data=piece)

    def _info_of(self, message: Any) -> AudioInfo:
        return info_from_proto(message)

    def _chunk_of(self, message: Any, info: AudioInfo) -> AudioChunk:
        return samples_from_proto(message, info)

    def _facts_of(self, message: Any) -> AudioFacts:
        return facts_from_proto(message)

    def _after(self, chunk: AudioChunk, num_delivered: int) -> tuple[AudioChunk | None, int]:
        num_until = chunk.first_sample + len(chunk)
        num_known = max(0, num_delivered - chunk.first_sample)
        if num_known >= len(chunk):
            return None, num_until
        if num_known == 0:
            return chunk, num_until
        samples_TC = chunk.samples_TC[num_known:]
        return dataclasses.replace(chunk, first_sample=num_delivered, samples_TC=samples_TC), num_until
