"""How talking heads are reached: sound in while it is said, pictures of who says it out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import NoReturn

import grpc
import numpy as np
from visemill.v1 import common_pb2, talker_pb2, talker_pb2_grpc

from services.base.errors import BadConfig
from services.base.media.arrays import UInt8Array
from services.base.process import log
from services.base.rpc.interceptor import current_call
from services.base.rpc.readiness import Readiness
from services.base.rpc.server import handle_signals, serve_until
from services.base.rpc.uploads import data_of, start_of
from services.base.stage.config import add_config_flags, config_from_flags, json_object
from services.base.stage.spec import StageSpec
from services.talker.live.pcm import RATE_HZ, PcmSound
from services.talker.live.served import Heads, HeadServeConfig
from services.talker.live.speech import Head, Speech, lookahead_s
from services.talker.spec import HeadConfig

SERVICE = talker_pb2.DESCRIPTOR.services_by_name["TalkerService"].full_name

_Answer = talker_pb2.SpeakResponse


class TalkerServicer(talker_pb2_grpc.TalkerServiceServicer):
    """Translates between messages and what a head speaks. max_sound_s: of a call."""

    def __init__(self, heads: Heads, max_sound_s: float) -> None:
        self._heads, self._max_sound_s = heads, max_sound_s

    def Speak(
        self, request_iterator: Iterator[talker_pb2.SpeakRequest], context: grpc.ServicerContext
    ) -> Iterator[_Answer]:
        del context
        start = start_of(request_iterator)
        current_call().note(head=start.head, person=start.person)
        head = self._heads.head(start.head, start.person)
        sound = PcmSound(data_of(request_iterator), start.sample_rate_hz or RATE_HZ, self._max_sound_s)
        speech = Speech(head, sound, start.start_frame)
        yield _Answer(info=info_of(head))
        if start.format == talker_pb2.SPEAK_FORMAT_FRAMES:
            for index, picture_HWC in enumerate(speech.pictures()):
                yield _Answer(frames=frame_of(index, picture_HWC, head.fps))
        else:
            for piece in speech.film():
                yield _Answer(film=piece)
        current_call().note(num_frames=speech.num_pictures, first_frame_s=round(speech.first_picture_s, 3))
        yield _Answer(end=end_of(speech, head.fps))


def info_of(head: Head) -> talker_pb2.SpeakInfo:
    """What a caller is told before any picture."""
    height_px, width_px = head.size_px
    return talker_pb2.SpeakInfo(
        width_px=width_px,
        height_px=height_px,
        fps=head.fps,
        asr_model=head.card.asr,
        lookahead_s=lookahead_s(head.fps),
        model_sha256=head.card.digests["model"],
    )


def frame_of(index: int, picture_HWC: UInt8Array, fps: float) -> common_pb2.FrameChunk:
    """One picture. picture_HWC: uint8 BGR."""
    rgb_HWC = np.ascontiguousarray(picture_HWC[:, :, ::-1])
    return common_pb2.FrameChunk(first_index=index, pts_s=[index / fps], frames=rgb_HWC.tobytes())


def end_of(speech: Speech, fps: float) -> talker_pb2.SpeakEnd:
    """What a caller is told at last."""
    return talker_pb2.SpeakEnd(
        num_frames=speech.num_pictures,
        duration_s=speech.num_pictures / fps,
        first_frame_s=speech.first_picture_s,
    )


def add_serve_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of `serve`: the server's, and settings of the features that heads hear by."""
    add_config_flags(parser, HeadServeConfig)
    parser.add_argument(
        "--audiofeatures-config",
        default="{}",
        help="JSON object: settings of audiofeatures for heads that hear ave, such as its weights (default: "
        "%(default)s)",
    )


def serve(flags: argparse.Namespace, spec_of: Callable[[str], StageSpec]) -> int:
    """Serves until a signal; the exit code. Raises BadConfig."""
    del spec_of
    config: HeadServeConfig = config_from_flags(HeadServeConfig, flags)
    settings = json_object(flags.audiofeatures_config, "--audiofeatures-config")
    if "model" in settings:
        raise BadConfig("BAD_SETTING", "--audiofeatures-config must leave out model, which each head says")
    heads = Heads(config, settings)
    servicer = TalkerServicer(heads, config.max_sound_s)

    def register(grpc_server: grpc.Server) -> None:
        talker_pb2_grpc.add_TalkerServiceServicer_to_server(servicer, grpc_server)

    log.setup()
    stopping = handle_signals()
    readiness = Readiness(heads.needs(), stopping, config.recheck_s)
    return serve_until(stopping, config, {SERVICE: register}, readiness=readiness)


def open_remote(target: str, config: HeadConfig) -> NoReturn:
    """Refuses: what speaks in a pass has its features at hand. Raises BadConfig NOT_REMOTE."""
    del config
    raise BadConfig(
        "NOT_REMOTE",
        f"headfilm of a pass runs beside its worker, not at {target}: call its server with a client of its own",
    )
