"""What a server of LipreadingService is asked, and what is told of its answer."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from visemill.v1 import lipreading_pb2, lipreading_pb2_grpc

from services.base.errors import BadInput
from services.lipreading.ask import main, transcript_of

TRANSCRIPT = lipreading_pb2.Transcript(
    text="ab",
    characters=[
        lipreading_pb2.TranscriptCharacter(character="a", time_s=0.04, probability=0.9),
        lipreading_pb2.TranscriptCharacter(character="b", time_s=0.20004, probability=0.5),
    ],
    log_prob=-1.5,
    score=-1.25,
    num_frames=10,
    fps=25.0,
    recipe="grid-ctc",
    model_sha256="f" * 64,
)
TOLD = {
    **{"text": "ab", "times_s": [0.04, 0.2], "probs": [0.9, 0.5], "log_prob": -1.5, "score": -1.25},
    **{"num_frames": 10, "cropped": False, "recipe": "grid-ctc", "model_sha256": "f" * 64},
}


class Reader(lipreading_pb2_grpc.LipreadingServiceServicer):
    """Keeps what it is asked; is away for the first calls, as often as it is told."""

    def __init__(self) -> None:
        self.asked: list[list[Any]] = []
        self.num_away = 0

    def Transcribe(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        self.asked.append(list(request_iterator))
        if len(self.asked) <= self.num_away:
            context.abort(grpc.StatusCode.UNAVAILABLE, "starting")
        yield lipreading_pb2.TranscribeResponse(interim=lipreading_pb2.InterimText(text="a"))
        yield lipreading_pb2.TranscribeResponse(transcript=TRANSCRIPT)


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def target(reader: Reader) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    lipreading_pb2_grpc.add_LipreadingServiceServicer_to_server(reader, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


def test_a_file_is_sent_and_the_last_answer_told(reader: Reader, target: str, tmp_path: Path) -> None:
    (tmp_path / "clip.mpg").write_bytes(b"encoded")
    assert transcript_of(target, str(tmp_path / "clip.mpg"), cropped=True) == TOLD
    ((start, data),) = reader.asked
    assert (start.start.media.name, start.start.media.size_bytes, start.start.cropped) == ("clip.mpg", 7, True)
    assert data.data == b"encoded"


def test_a_server_that_is_away_is_asked_again_for_all_of_it(reader: Reader, target: str, tmp_path: Path) -> None:
    (tmp_path / "clip.mpg").write_bytes(b"encoded")
    reader.num_away = 1
    assert transcript_of(target, str(tmp_path / "clip.mpg")) == TOLD
    assert reader.asked[0] == reader.asked[1] and len(reader.asked[1]) == 2


def test_of_a_uri_no_bytes_are_sent(reader: Reader, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["s3://bucket/s1/clip.mpg", "--server", target]) == 0
    assert json.loads(capsys.readouterr().out) == TOLD
    ((start,),) = reader.asked
    assert (start.start.media.uri, start.start.media.name) == ("s3://bucket/s1/clip.mpg", "clip.mpg")


def test_a_file_that_is_not_there_is_told_and_nobody_asked(
    reader: Reader, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = str(tmp_path / "none.mpg")
    with pytest.raises(BadInput, match="NOT_READABLE"):
        transcript_of(target, clip)
    assert main([clip, "--server", target]) == BadInput.exit_code
    assert json.loads(capsys.readouterr().err)["reason"] == "NOT_READABLE"
    assert not reader.asked
