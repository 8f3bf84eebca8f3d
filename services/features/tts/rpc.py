"""How speech features are reached: an encoded sound and its text in, or a filterbank; all that is trained on, out."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from visemill.v1 import speech_pb2, speech_pb2_grpc

from services.base.errors import BadConfig, BadInput
from services.base.media.audio import SoundFacts
from services.base.media.clip import ClipAttributes, Media
from services.base.media.features import FilterbankFrames, SpeechFeatures
from services.base.media.tokens import TextIds
from services.base.rpc import config as config_module
from services.base.rpc import server as server_module
from services.base.rpc.client import Remote, expectation, require_expected
from services.base.rpc.interceptor import current_call
from services.base.rpc.pool import Children, execute
from services.base.rpc.readiness import Need
from services.base.rpc.uploads import Uploads, data_of, job_of, start_of
from services.base.sandbox.child import waiting_for
from services.base.sandbox.supervisor import Stages
from services.base.stage.clip_pass import ArtifactPart, Part
from services.base.stage.config import add_config_flags, config_from_flags, config_from_mapping
from services.base.stage.spec import ClipConsumer, ClipJob, Consumer, StageSpec
from services.base.stage.stream import NO_STREAMS
from services.base.worker.fingerprint import identity_of
from services.features.tts.codec import (
    features_from_proto,
    features_to_proto,
    filterbank_bytes,
    filterbank_of,
    sound_to_proto,
    text_ids_to_proto,
)
from services.features.tts.models import models_of
from services.features.tts.spec import SPEC, SpeechConfig

SERVICE = speech_pb2.DESCRIPTOR.services_by_name["SpeechFeatureService"].full_name
# The rate and the filter that the models were trained with, before the filterbank's own.
_SOUND = {"sample_rate_hz": 24_000, "resampler": "sinc"}
# Longer sounds have more frames than there are positions.
_MAX_DURATION_S = 210.0
_MOST_TEXT_BYTES = 1 << 20
_LANGUAGE = re.compile(r"[a-z]{2,3}")
# A child holds every network, and computing two clips at once is no faster than one after the other.
_NUM_CHILDREN, _CLIP_MEMORY_MIB = 1, 8192


@dataclass(frozen=True)
class Served:
    """What calls are computed with. sound, text: settings of the stages before; text: None without a tokenizer."""

    config: SpeechConfig
    sound: Mapping[str, Any]
    text: Mapping[str, Any] | None

    def stages(self, start: speech_pb2.SpeechExtractStart | None = None) -> Stages:
        """Those that a start asks for; of none, all. Raises BadConfig NO_TOKENIZER, BAD_SETTING."""
        texts = self._of_text(start)
        speech = (SPEC.name, dataclasses.asdict(self.config))
        if start is not None and start.WhichOneof("input") == "filterbank":
            return [*texts, speech]
        return [("audio", self.sound), *texts, ("fbank", {}), speech]

    def _of_text(self, start: speech_pb2.SpeechExtractStart | None) -> Stages:
        if start is None:
            return [] if self.text is None else [("text", self.text)]
        if not start.text:
            return []
        if self.text is None:
            raise BadConfig("NO_TOKENIZER", "no ids of texts are made here: start the server with --tokenizer")
        if not start.language:
            return [("text", self.text)]
        if not _LANGUAGE.fullmatch(language := start.language.strip().lower()):
            raise BadConfig("BAD_SETTING", f"language {start.language!r} must be a code of 2 or 3 letters, as en")
        return [("text", {**self.text, "language": language})]


class SpeechFeatureServicer(speech_pb2_grpc.SpeechFeatureServiceServicer):
    """Translates between messages and parts of a pass."""

    def __init__(self, children: Children, uploads: Uploads, served: Served) -> None:
        self._children = children
        self._uploads = uploads
        self._served = served

    def Extract(
        self,
        request_iterator: Iterator[speech_pb2.SpeechFeatureServiceExtractRequest],
        context: grpc.ServicerContext,
    ) -> speech_pb2.SpeechFeatureServiceExtractResponse:
        start = start_of(request_iterator)
        require_sources(start.sources, self._served.config)
        require_expected(context.invocation_metadata(), lambda: _expected(self._served.config))
        stages = self._served.stages(start)
        if start.WhichOneof("input") is None:
            raise BadInput("BAD_MESSAGE", "a start must hold media or the size of a filterbank")
        if start.WhichOneof("input") == "filterbank":
            frames = filterbank_of(start.filterbank.num_frames, data_of(request_iterator))
            job = _with_text(job_of(Media.of_bytes("filterbank", b"")), start)
            return response_of(execute(self._children, stages, job, given={"filterbank": frames}))
        with self._uploads.media(start.media, request_iterator) as media:
            current_call().note(clip=media.name)
            return response_of(execute(self._children, stages, _with_text(job_of(media), start)))


def require_sources(wanted: Mapping[str, str], config: SpeechConfig) -> None:
    """Raises BadConfig MODEL_DIFFERS when a start wants other weights than are served, or of no network of these."""
    here = models_of(config) if wanted else {}
    for name, source in wanted.items():
        if here.get(name) != source:
            raise BadConfig(
                "MODEL_DIFFERS",
                f"the caller wants {name} of {source!r}, and {here.get(name, 'no network of that name')!r} is served: "
                "leave it open, or ask another server",
            )


def _with_text(job: ClipJob, start: speech_pb2.SpeechExtractStart) -> ClipJob:
    """Raises BadInput TEXT_TOO_LARGE."""
    if (size_bytes := len(start.text.encode())) > _MOST_TEXT_BYTES:
        raise BadInput("TEXT_TOO_LARGE", f"the text has {size_bytes} bytes, and at most {_MOST_TEXT_BYTES} are taken")
    attributes = ClipAttributes(text=start.text, language=start.language)
    return dataclasses.replace(job, clip=dataclasses.replace(job.clip, attributes=attributes))


def response_of(parts: Iterator[Part]) -> speech_pb2.SpeechFeatureServiceExtractResponse:
    """The one answer, of all parts of a pass."""
    response = speech_pb2.SpeechFeatureServiceExtractResponse()
    for part in parts:
        match part:
            case ArtifactPart(_, TextIds() as text_ids):
                response.text_ids.CopyFrom(text_ids_to_proto(text_ids))
            case ArtifactPart(_, SpeechFeatures() as features):
                response.features.CopyFrom(features_to_proto(features))
            case ArtifactPart(_, SoundFacts() as sound):
                response.sound.CopyFrom(sound_to_proto(sound))
    return response


@functools.lru_cache(maxsize=32)
def _expected(config: SpeechConfig) -> Mapping[str, Any]:
    """What must be the same at both ends for the features to be the same."""
    known = ("version", "key_config", "models", "libraries")
    return {name: value for name, value in identity_of(SPEC, config).to_dict().items() if name in known}


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `serve`: the server's, the stage's config, and what texts and sounds are taken with."""
    config_module.add_serve_flags(parser)
    # The server's num_threads are a child's, and so the networks': one flag says both.
    add_config_flags(parser, SpeechConfig, skip=("num_threads",))
    parser.set_defaults(num_children=_NUM_CHILDREN, clip_memory_mib=_CLIP_MEMORY_MIB)
    parser.add_argument("--tokenizer", default="", help="SentencePiece model that makes ids of texts; empty: no texts")
    parser.add_argument(
        "--tokenizer-sha256", default="", metavar="HEX", help="SHA-256 that the tokenizer must have; empty: any"
    )
    parser.add_argument(
        "--language", default="", help="whose rules normalise texts of calls that say none; empty: by their script"
    )
    parser.add_argument(
        "--max-duration-s",
        type=float,
        default=_MAX_DURATION_S,
        help="refuse a sound that is longer than this (default: %(default)s)",
    )


def served_of(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> Served:
    """What the flags say, checked by the stages that it is for. Raises BadConfig."""
    sound = {**_SOUND, "max_duration_s": flags.max_duration_s}
    config_from_mapping(spec_of("audio").config, sound)
    text = {"tokenizer": flags.tokenizer, "tokenizer_sha256": flags.tokenizer_sha256, "language": flags.language}
    config_from_mapping(spec_of("text").config, text)
    return Served(config_from_flags(SpeechConfig, flags), sound, text if flags.tokenizer else None)


def serve(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> int:
    """Serves until a signal; the exit code. spec_of: of another stage by name. Raises BadConfig."""
    served = served_of(flags, spec_of)
    serve_config = config_module.serve_config_of(flags)
    specs = [spec_of(name) for name, _ in served.stages()]
    children = server_module.pool_of(serve_config, served.stages(), specs)
    uploads = server_module.uploads_of(flags)
    servicer = SpeechFeatureServicer(children, uploads, served)

    def register(grpc_server: grpc.Server) -> None:
        speech_pb2_grpc.add_SpeechFeatureServiceServicer_to_server(servicer, grpc_server)

    return server_module.run_server(
        serve_config, children, {SERVICE: register}, uploads=uploads, needs=needs_of(served.config)
    )


def needs_of(config: SpeechConfig) -> list[Need]:
    """What the server must have before its children can open the stage: the Triton server, with the model."""
    if config.backend != "triton":
        return []
    from services.features.tts.served import check_of_triton

    return [Need("Triton", check_of_triton(config))]


def open_remote(target: str, config: SpeechConfig) -> Consumer:
    """What `stage.open_stage(config)` returns, with the networks at a server: filterbanks go up, 32 kB a second."""
    remote = Remote(target)
    metadata = expectation(_expected(config))

    def consumer(job: ClipJob, info: object) -> ClipConsumer:
        del job, info
        return RemoteSpeech(remote, metadata)

    return consumer


class RemoteSpeech:
    """One clip at a server (a `ClipConsumer`)."""

    wants = NO_STREAMS

    def __init__(self, remote: Remote, metadata: tuple[tuple[str, str], ...]) -> None:
        self._remote = remote
        self._metadata = metadata
        self._stub = speech_pb2_grpc.SpeechFeatureServiceStub(remote.channel)

    def push(self, chunk: object) -> None:
        """Never called: it reads no stream."""
        raise AssertionError(f"speech reads no stream, and was given {chunk!r}")

    def finish(self, given: Mapping[str, Any]) -> SpeechFeatures:
        """Raises what the stage raises, and Transient."""
        frames: FilterbankFrames = given["filterbank"]
        with waiting_for(f"{SPEC.name} at {self._remote.target}"):
            return self._remote.retry_with_timeout(lambda: self._try(frames))

    def _try(self, frames: FilterbankFrames) -> SpeechFeatures:
        response = self._stub.Extract(_requests(frames), timeout=self._remote.deadline_s, metadata=self._metadata)
        return features_from_proto(response.features)


def _requests(frames: FilterbankFrames) -> Iterator[speech_pb2.SpeechFeatureServiceExtractRequest]:
    size = speech_pb2.FilterbankSize(num_frames=len(frames))
    yield speech_pb2.SpeechFeatureServiceExtractRequest(start=speech_pb2.SpeechExtractStart(filterbank=size))
    for piece in filterbank_bytes(frames):
        yield speech_pb2.SpeechFeatureServiceExtractRequest(data=piece)
