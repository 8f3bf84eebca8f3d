"""Audio behind gRPC gives what audio in this process gives, whatever happens to the server meanwhile."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from visemill.v1 import audio_pb2, audio_pb2_grpc, common_pb2

from services.audio.rpc import open_remote
from services.audio.stage import open_stage
from services.base.errors import BadConfig, BadInput, VisemillError
from services.base.media.audio import AudioFacts, AudioInfo
from services.base.media.clip import Media
from services.base.rpc.status import error_of
from services.containers.audio.config import AudioConfig

MONO = AudioConfig()
AS_IT_IS = AudioConfig(sample_rate_hz=0, channels=0)


def _heard(source: Any, media: Media) -> tuple[AudioInfo, bytes, AudioFacts]:
    with source(media) as stream:
        chunks = list(stream)
        assert [c.first_sample for c in chunks] == list(np.cumsum([0, *[len(c) for c in chunks[:-1]]]))
        return stream.info, np.concatenate([c.samples_TC for c in chunks]).tobytes(), stream.facts()


def _error(source: Any, media: Media) -> VisemillError:
    with pytest.raises(VisemillError) as caught:
        _heard(source, media)
    return caught.value


def _media(testdata: Path, name: str) -> Media:
    path = testdata / "data" / name
    return Media.of_bytes(path.name, path.read_bytes())


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("speech/maskgct_prompt.wav", MONO),
        ("speech/maskgct_prompt.wav", AS_IT_IS),
        ("speech/voice_01.wav", AudioConfig(sample_rate_hz=24_000)),
        ("talker/wda_000.mp4", MONO),
        ("grid/s1_processed/bbaf2n.mpg", MONO),
        ("grid/s1_processed/bbaf2n.mpg", AS_IT_IS),
    ],
)
def test_real_sounds_come_out_equal_to_the_bit(
    testdata: Path, audio_server: Any, name: str, config: AudioConfig
) -> None:
    media = _media(testdata, name)
    assert _heard(open_remote(audio_server.target, config), media) == _heard(open_stage(config), media)


@pytest.mark.parametrize("data", [b"", b"hello", bytes(5000)])
def test_a_clip_that_cannot_work_fails_with_the_same_words(audio_server: Any, data: bytes) -> None:
    media = Media.of_bytes("x.wav", data)
    remote, local = _error(open_remote(audio_server.target, MONO), media), _error(open_stage(MONO), media)
    assert type(remote) is type(local) is BadInput
    assert (remote.reason, remote.message, remote.detail) == (local.reason, local.message, local.detail)


def test_a_caller_with_other_caps_is_refused_rather_than_answered_differently(audio_server: Any) -> None:
    config = AudioConfig(max_duration_s=5.0)
    error = _error(open_remote(audio_server.target, config), Media.of_bytes("x.wav", b"x"))
    assert (type(error), error.reason) == (BadConfig, "CONFIG_DIFFERS")


def test_a_call_that_leaves_rate_and_channels_open_gets_the_servers(testdata: Path, audio_server: Any) -> None:
    media = _media(testdata, "speech/long.wav")
    answers = list(_answers(audio_server.target, media, audio_pb2.DecodeAudioStart()))
    assert (answers[0].info.sample_rate_hz, answers[0].info.num_channels) == (8000, 1)
    assert answers[-1].facts.num_samples == 64_000


@pytest.mark.parametrize("start", [{"sample_rate_hz": 7}, {"channels": 9}])
def test_what_a_call_cannot_ask_for_is_refused(audio_server: Any, start: dict[str, Any]) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(_answers(audio_server.target, Media.of_bytes("x", b"x"), audio_pb2.DecodeAudioStart(**start)))
    assert error_of(caught.value).reason == "BAD_SETTING"


def _answers(target: str, media: Media, start: audio_pb2.DecodeAudioStart) -> Iterator[Any]:
    start.media.CopyFrom(common_pb2.MediaHeader(name=media.name, size_bytes=media.size_bytes))
    requests = [audio_pb2.DecodeAudioRequest(start=start), audio_pb2.DecodeAudioRequest(data=media.data)]
    with grpc.insecure_channel(target) as channel:
        yield from audio_pb2_grpc.AudioServiceStub(channel).DecodeAudio(iter(requests), timeout=60)


def test_a_child_that_is_killed_costs_nothing(testdata: Path, audio_server: Any) -> None:
    media = _media(testdata, "talker/talk_hb.wav")
    source = open_remote(audio_server.target, MONO)
    expected = _heard(open_stage(MONO), media)
    for pid in audio_server.children():
        os.kill(pid, signal.SIGKILL)
    assert _heard(source, media) == expected


def test_a_caller_that_stops_early_does_not_harm_the_next(testdata: Path, audio_server: Any) -> None:
    media = _media(testdata, "talker/talk_hb.wav")
    source = open_remote(audio_server.target, MONO)
    for _ in range(3):
        with source(media) as stream:
            next(iter(stream))
    assert _heard(source, media) == _heard(open_stage(MONO), media)
