"""What LipreadingService makes of calls: the stages of a pass, messages, and texts that come before the last one."""

import dataclasses
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from loopback_ports import reserved_ports
from visemill.v1.lipreading_pb2 import InterimText, TranscribeResponse, Transcript

from services.__main__ import spec_of
from services.base.errors import BadConfig, BadInput, Transient
from services.base.stage.spec import ConfiguredStage
from services.lipreading import rpc
from services.lipreading.bundle_files import checked_card
from services.lipreading.spec import LipreadingConfig
from services.lips import transcript

BEFORE = tuple(ConfiguredStage(spec_of(name), spec_of(name).config()) for name in ("decode", "landmarks"))


@pytest.mark.parametrize(
    ("cropped", "names"), [(False, ["decode", "landmarks", "lipreading"]), (True, ["decode", "lipreading"])]
)
def test_no_face_is_looked_for_in_mouths(cropped: bool, names: list[str]) -> None:
    stages = rpc.stages_of(LipreadingConfig(bundle="b", cropped=cropped), BEFORE)  # type: ignore[arg-type]
    assert [name for name, _ in stages] == names
    assert stages[-1][1]["cropped"] is cropped


def test_a_transcript_keeps_its_characters_with_their_times(bundle: Path) -> None:
    found = transcript.Transcript("ab", np.array([0.04, 0.2]), np.array([0.9, 0.5], np.float32), -1.5, 10, 25.0)
    message = rpc.transcript_to_proto(found, checked_card(bundle))
    assert (message.text, message.log_prob, message.num_frames, message.fps) == ("ab", -1.5, 10, 25.0)
    assert [(one.character, round(one.time_s, 2), round(one.probability, 1)) for one in message.characters] == [
        ("a", 0.04, 0.9),
        ("b", 0.2, 0.5),
    ]
    assert (message.recipe, message.score) == ("grid-ctc", -1.5)
    rescored = dataclasses.replace(found, score=-2.5)
    assert rpc.transcript_to_proto(rescored, checked_card(bundle)).score == -2.5


def text(of: str) -> TranscribeResponse:
    return TranscribeResponse(transcript=Transcript(text=of))


def test_what_is_told_meanwhile_comes_before_the_last_answer() -> None:
    told: queue.SimpleQueue[TranscribeResponse] = queue.SimpleQueue()
    heard, closed = threading.Event(), []

    def answers() -> Iterator[TranscribeResponse]:
        told.put(TranscribeResponse(interim=InterimText(text="a")))
        assert heard.wait(10)
        yield text("ab")

    found = []
    for answer in rpc._together(told, answers(), lambda: closed.append(True)):
        found.append(answer.WhichOneof("message"))
        heard.set()
    assert (found, closed) == (["interim", "transcript"], [True])


def test_what_the_answers_fail_with_is_raised_in_the_thread_of_the_call() -> None:
    def answers() -> Iterator[TranscribeResponse]:
        raise BadInput("NO_FACE", "no face")
        yield

    closed: list[bool] = []
    with pytest.raises(BadInput, match="NO_FACE"):
        list(rpc._together(queue.SimpleQueue(), answers(), lambda: closed.append(True)))
    assert closed == [True]


def test_a_pass_reads_lips_beside_its_worker_alone() -> None:
    with pytest.raises(BadConfig, match="NOT_REMOTE"):
        rpc.open_remote("h:1", LipreadingConfig(), BEFORE[0])


def test_a_server_needs_its_triton_where_that_has_the_network(bundle: Path) -> None:
    pytest.importorskip("tritonclient.grpc", reason="the triton extra is not installed")
    (port,) = reserved_ports(1)
    here = LipreadingConfig(bundle=str(bundle))
    there = LipreadingConfig(bundle=str(bundle), backend="triton", triton=f"127.0.0.1:{port}")
    assert rpc.needs_of(here, here, lambda: checked_card(bundle)) == []
    (need,) = rpc.needs_of(there, there, lambda: checked_card(bundle))
    with pytest.raises(Transient, match=f"UNAVAILABLE: model grid-ctc of 127.0.0.1:{port}"):
        need.check()
