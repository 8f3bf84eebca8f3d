"""How lipreading is reached: an encoded clip or frames in, a transcript out."""

from __future__ import annotations

import argparse
import contextlib
import contextvars
import dataclasses
import functools
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import grpc
from visemill.v1 import lipreading_pb2, lipreading_pb2_grpc

from services.base.errors import BadConfig
from services.base.media.video import FrameChunk
from services.base.process.settings import settings
from services.base.rpc import config as config_module
from services.base.rpc import server as server_module
from services.base.rpc.interceptor import current_call
from services.base.rpc.pool import Children, execute
from services.base.rpc.readiness import Need
from services.base.rpc.uploads import Uploads, job_of, pushed_frames, start_of
from services.base.sandbox.supervisor import Stages
from services.base.stage.clip_pass import ArtifactPart, Part
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.stage.spec import ConfiguredStage, StageSpec
from services.base.store.by_digest import is_uri
from services.lipreading.bundle_files import card_for, fetch_bundle, folder_for
from services.lipreading.interim import Interim, Window
from services.lipreading.network import check_of_server
from services.lipreading.spec import SPEC, LipreadingConfig
from services.lips.bundle import BundleCard
from services.lips.transcript import Transcript

SERVICE = lipreading_pb2.DESCRIPTOR.services_by_name["LipreadingService"].full_name
_BEFORE = ("decode", "landmarks")

_Answer = lipreading_pb2.TranscribeResponse


class LipreadingServicer(lipreading_pb2_grpc.LipreadingServiceServicer):
    """Translates between messages and parts of a pass. before: the stages that make frames and points of a face. card:
    of the bundle, known once the server serves.
    """

    def __init__(
        self,
        children: Children,
        uploads: Uploads,
        config: LipreadingConfig,
        before: tuple[ConfiguredStage, ConfiguredStage],
        card: Callable[[], BundleCard],
        max_message_bytes: int,
    ) -> None:
        self._children, self._uploads, self._config, self._before = children, uploads, config, before
        self._card, self._max_message_bytes = card, max_message_bytes

    def Transcribe(
        self, request_iterator: Iterator[lipreading_pb2.TranscribeRequest], context: grpc.ServicerContext
    ) -> Iterator[_Answer]:
        del context
        start = start_of(request_iterator)
        if start.max_frames < 0:
            raise BadConfig("BAD_SETTING", f"max_frames must be 0 (all) or more, not {start.max_frames}")
        stages = stages_of(
            dataclasses.replace(self._config, cropped=start.cropped or self._config.cropped), self._before
        )
        if start.WhichOneof("input") == "frames":
            yield from self._of_frames(start, request_iterator, stages)
            return
        with self._uploads.media(start.media, request_iterator) as media:
            current_call().note(clip=media.name)
            yield from self._responses(execute(self._children, stages, job_of(media, start.max_frames)))

    def _of_frames(
        self,
        start: lipreading_pb2.TranscribeStart,
        requests: Iterator[lipreading_pb2.TranscribeRequest],
        stages: Stages,
    ) -> Iterator[_Answer]:
        size = start.frames
        frames, info, job = pushed_frames(
            requests, size.width_px, size.height_px, start.max_frames, self._max_message_bytes
        )

        def parts_of(pushed: Iterator[FrameChunk]) -> Iterator[Part]:
            return execute(self._children, stages, job, pushed=pushed, info=info)

        if not start.interim_s:
            yield from self._responses(parts_of(frames))
            return
        told: queue.SimpleQueue[_Answer] = queue.SimpleQueue()

        def read(window: Window) -> str:
            (answer,) = self._responses(parts_of(iter([window.frames])))
            return str(answer.transcript.text)

        def say(window: Window, text: str) -> None:
            told.put(
                _Answer(interim=lipreading_pb2.InterimText(text=text, from_s=window.from_s, until_s=window.until_s))
            )

        interim = Interim(start.interim_s, read, say)
        yield from _together(told, self._responses(parts_of(interim.over(frames))), interim.close)

    def _responses(self, parts: Iterator[Part]) -> Iterator[_Answer]:
        for part in parts:
            match part:
                case ArtifactPart(name, value) if name in SPEC.writes:
                    yield _Answer(transcript=transcript_to_proto(value, self._card()))


def _together(
    told: queue.SimpleQueue[_Answer], answers: Iterator[_Answer], close: Callable[[], None]
) -> Iterator[_Answer]:
    """What is told while the answers are made in another thread, then these. Raises what they raise."""
    ended = threading.Event()
    found: list[_Answer] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.extend(answers)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that serves the call
            failed.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
    thread.start()
    try:
        while not ended.is_set():
            try:
                yield told.get(timeout=0.1)
            except queue.Empty:
                continue
    finally:
        thread.join()
        close()
    if failed:
        raise failed[0]
    yield from found


def transcript_to_proto(value: Transcript, card: BundleCard) -> lipreading_pb2.Transcript:
    """card: of the lipreader that has read it."""
    return lipreading_pb2.Transcript(
        text=value.text,
        characters=[
            lipreading_pb2.TranscriptCharacter(character=character, time_s=time_s, probability=probability)
            for character, time_s, probability in zip(
                value.text, value.times_s_L.tolist(), value.probs_L.tolist(), strict=True
            )
        ],
        log_prob=value.log_prob,
        num_frames=value.num_frames,
        fps=value.fps,
        recipe=card.recipe,
        model_sha256=card.digests["model"],
        cropped=value.cropped,
        score=value.log_prob if value.score is None else value.score,
    )


def stages_of(config: LipreadingConfig, before: tuple[ConfiguredStage, ConfiguredStage]) -> Stages:
    """Of a pass: where frames are mouths already, no face is looked for."""
    chosen = before[:1] if config.cropped else before
    return [
        *((one.spec.name, dataclasses.asdict(one.config)) for one in chosen),
        (SPEC.name, dataclasses.asdict(config)),
    ]


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `serve`: the server's, the stage's config, and those of decode and landmarks, in the same child."""
    config_module.add_serve_flags(parser)
    add_config_flags(parser, LipreadingConfig)
    for name in _BEFORE:
        parser.add_argument(
            f"--{name}-config", default="{}", help=f"JSON object: settings of {name} (default: %(default)s)"
        )


def serve(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> int:
    """Serves until a signal; the exit code. spec_of: the spec of another stage by name. Raises BadConfig."""
    asked: LipreadingConfig = config_from_flags(LipreadingConfig, flags)
    # One copy for all children, for as long as the server lives: another bundle may come to lie in its place.
    with folder_for(asked) if is_uri(asked.bundle) else contextlib.nullcontext(asked) as config:
        if config is asked:
            card_for(config)
        return _serve(flags, asked, config, spec_of)


def _serve(
    flags: argparse.Namespace, asked: LipreadingConfig, config: LipreadingConfig, spec_of: Callable[[str], StageSpec]
) -> int:
    """asked: where the bundle lies; config: the same with its folder here."""
    card = functools.cache(lambda: card_for(config))
    decode, landmarks = (
        config_module.stage_of_flag(f"--{name}-config", getattr(flags, f"{name}_config"), spec_of(name))
        for name in _BEFORE
    )
    serve_config = config_module.serve_config_of(flags)
    before = (decode, landmarks)
    children = server_module.pool_of(serve_config, stages_of(config, before), (SPEC, *(one.spec for one in before)))
    uploads = server_module.uploads_of(flags)
    servicer = LipreadingServicer(children, uploads, config, before, card, settings().max_message_bytes)

    def register(grpc_server: grpc.Server) -> None:
        lipreading_pb2_grpc.add_LipreadingServiceServicer_to_server(servicer, grpc_server)

    return server_module.run_server(
        serve_config, children, {SERVICE: register}, uploads=uploads, needs=needs_of(asked, config, card)
    )


def needs_of(asked: LipreadingConfig, config: LipreadingConfig, card: Callable[[], BundleCard]) -> list[Need]:
    """What the server must have before its children can open the bundle: a store's bundle in its folder here, and the
    Triton server with the network.
    """
    needs = []
    if asked.bundle != config.bundle:
        needs.append(Need("bundle", lambda: fetch_bundle(asked, Path(config.bundle))))
    if config.backend == "triton":
        probe = functools.cache(lambda: check_of_server(config, card()))

        def check() -> None:
            probe()()

        needs.append(Need("Triton", check))
    return needs


def open_remote(target: str, config: LipreadingConfig, decode: ConfiguredStage) -> NoReturn:
    """Refuses: what reads lips in a pass has its frames and points at hand. Raises BadConfig NOT_REMOTE."""
    del config, decode
    raise BadConfig(
        "NOT_REMOTE",
        f"lipreading of a pass runs beside its worker, not at {target}: call its server with a client of its own",
    )
