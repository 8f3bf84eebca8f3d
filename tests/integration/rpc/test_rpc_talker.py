"""TalkerService: a head speaks while its sound comes, and shows the pictures that it shows of the whole sound."""

import itertools
import json
import shutil
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import grpc
import numpy as np
import pytest
from visemill.v1 import talker_pb2, talker_pb2_grpc

pytest.importorskip("onnx")

from talker_head import write_head, write_person

from services.features.talker.extractors import averaged_mel
from services.lips.talker_input import CROP_PX, sound_input, window_of
from services.talker.frame_order import to_and_fro
from services.talker.network import open_here
from services.talker.person import PersonFrames
from services.talker.speaking import Speaker

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("talker")
    write_head(root / "heads" / "loud")
    write_head(root / "heads" / "slow", "hubert")
    write_person(root / "persons" / "ada")
    write_person(root / "elsewhere")
    return root


@pytest.fixture(scope="module")
def server(place: Path, serve_features: Any) -> Iterator[Any]:
    flags = ["--heads", str(place / "heads"), "--persons", str(place / "persons"), "--num-streams", "1"]
    server = serve_features(*flags, "--max-sound-s", "60", stage="headfilm")
    yield server
    server.kill()


def whole(place: Path, samples_T: np.ndarray) -> np.ndarray:
    """uint8 RGB [T, 96, 128, 3]: the pictures of the whole sound, four painted at once."""
    num = round(len(samples_T) * 25 / 16_000)
    fitted_T = np.pad(samples_T, (0, max(0, num * 640 - len(samples_T))))[: num * 640]
    rows_TX = averaged_mel(fitted_T, 25.0, "whole").vectors_TX
    person = PersonFrames(str(place / "persons" / "ada"))
    speaker = Speaker(person, open_here(place / "heads" / "loud", 1), CROP_PX["160"])
    sounds = (sound_input("mel", window_of(rows_TX, frame)) for frame in range(num))
    frames = [spoken.frame_HWC for spoken in speaker.frames(to_and_fro(person.usable, 2), sounds)]
    return np.stack(frames)[..., ::-1]


def samples_of(path: Path) -> np.ndarray:
    with wave.open(str(path)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.int16)


def cut(path: Path, to: Path, duration_s: float) -> Path:
    with wave.open(str(to), "wb") as some:
        some.setparams((1, 2, 16_000, 0, "NONE", ""))
        some.writeframes(samples_of(path)[: round(16_000 * duration_s)].tobytes())
    return to


def spoken(server: Any, sound: Path, tmp_path: Path, out: str) -> dict[str, Any]:
    stubs = tmp_path / "stubs"
    shutil.copytree(ROOT / "protos" / "visemill", stubs / "visemill", dirs_exist_ok=True)
    client = Path(__file__).with_name("plain_talker_client.py")
    argv = [sys.executable, "-I", str(client), str(stubs), server.target, str(sound), "loud", "ada", out]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr + server.said()
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_plain_client_is_shown_the_pictures_of_the_whole_sound_while_it_speaks(
    server: Any, place: Path, testdata: Path, tmp_path: Path
) -> None:
    sound = cut(testdata / "data/talker/talk_hb.wav", tmp_path / "some.wav", 12.0)
    told = spoken(server, sound, tmp_path, "out.npy")
    found_THWC = np.load(tmp_path / "out.npy")
    np.testing.assert_array_equal(found_THWC, whole(place, samples_of(sound)))
    assert told["info"] | {"model_sha256": ""} == {
        "width_px": 128,
        "height_px": 96,
        "fps": 25.0,
        "asr_model": "mel",
        "lookahead_s": pytest.approx(0.4725),
        "model_sha256": "",
    }
    assert int(told["end"]["num_frames"]) == len(found_THWC) == 300
    assert told["num_early"] and 0 < told["end"]["first_frame_s"] < 30


def test_a_film_comes_in_pieces_and_is_marked(server: Any, testdata: Path, tmp_path: Path) -> None:
    sound = cut(testdata / "data/talker/talk_hb.wav", tmp_path / "some.wav", 10.006)
    told = spoken(server, sound, tmp_path, "out.mp4")
    assert told["num_early"]
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert "synthetic" in film.metadata["comment"]
        assert sum(1 for _ in film.decode(video=0)) == 250
    with av.open(str(tmp_path / "out.mp4")) as film:
        num_samples = sum(frame.samples for frame in film.decode(audio=0))
    assert num_samples == pytest.approx(160_000, abs=2 * 1024)


def asked(target: str, pieces: list[bytes], timeout_s: float = 60.0, **start: Any) -> list[Any]:
    def requests() -> Iterator[talker_pb2.SpeakRequest]:
        yield talker_pb2.SpeakRequest(start=talker_pb2.SpeakStart(**{"head": "loud", "person": "ada", **start}))
        yield from (talker_pb2.SpeakRequest(data=piece) for piece in pieces)

    with grpc.insecure_channel(target) as channel:
        return list(talker_pb2_grpc.TalkerServiceStub(channel).Speak(requests(), timeout=timeout_s))


SECOND = np.random.default_rng(1).normal(0, 3000, 16_000).astype("<i2").tobytes()


@pytest.mark.parametrize(
    ("start", "pieces", "reason"),
    [
        ({"head": "none"}, [SECOND], "NO_SUCH_HEAD"),
        ({"head": "../heads/loud"}, [SECOND], "NO_SUCH_HEAD"),
        ({"person": "none"}, [SECOND], "NO_SUCH_PERSON"),
        ({"person": "../elsewhere"}, [SECOND], "NO_SUCH_PERSON"),
        ({"person": "/etc"}, [SECOND], "NO_SUCH_PERSON"),
        ({"head": "slow"}, [SECOND], "NOT_STREAMED"),
        ({"start_frame": 12}, [SECOND], "START_FRAME"),
        ({"sample_rate_hz": 5}, [SECOND], "BAD_SETTING"),
        ({}, [], "NO_SAMPLES"),
        ({}, [SECOND, b"\0"], "BAD_MESSAGE"),
        ({}, [SECOND * 61], "TOO_LONG"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(
    server: Any, start: dict[str, Any], pieces: list[bytes], reason: str
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        asked(server.target, pieces, **start)
    assert any(reason in str(value) for _, value in refused.value.trailing_metadata()), refused.value


@pytest.mark.parametrize(("rate_hz", "num_frames"), [(8_000, 50), (48_000, 8), (44_100, 9)])
def test_sound_of_another_rate_lasts_as_long(server: Any, rate_hz: int, num_frames: int) -> None:
    *_, last = asked(server.target, [SECOND], sample_rate_hz=rate_hz, format=talker_pb2.SPEAK_FORMAT_FRAMES)
    assert last.end.num_frames == num_frames


def test_a_caller_who_goes_frees_his_place_and_one_too_many_is_told(server: Any) -> None:
    goes = threading.Event()

    def endless() -> Iterator[talker_pb2.SpeakRequest]:
        yield talker_pb2.SpeakRequest(start=talker_pb2.SpeakStart(head="loud", person="ada"))
        while not goes.wait(0.02):
            yield talker_pb2.SpeakRequest(data=SECOND)

    with grpc.insecure_channel(server.target) as channel:
        stub = talker_pb2_grpc.TalkerServiceStub(channel)
        call = stub.Speak(endless(), timeout=60)
        assert len(list(itertools.islice(call, 3))) == 3
        with pytest.raises(grpc.RpcError) as refused:
            asked(server.target, [SECOND])
        assert any("SERVER_BUSY" in str(value) for _, value in refused.value.trailing_metadata())
        call.cancel()
        goes.set()
        until_s = time.monotonic() + 20
        while True:
            try:
                assert asked(server.target, [SECOND])[-1].end.num_frames == 25
                break
            except grpc.RpcError:
                assert time.monotonic() < until_s, server.said()
                time.sleep(0.1)
    codes = [line["code"] for line in server.lines() if line.get("method", "").endswith("/Speak")]
    assert "CANCELLED" in codes
