"""Speech features behind gRPC are those of this process, of sounds, filterbanks and texts; and the limits of calls."""

import io
import os
import signal
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

pytest.importorskip("torch", reason="the speech extra is not installed")

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tiny_speech import write_config

from services.__main__ import open_stage
from services.base.errors import BadConfig, BadInput, VisemillError
from services.base.media.audio import SoundFacts
from services.base.media.clip import Clip, ClipAttributes, Media
from services.base.media.features import FilterbankFrames, SpeechFeatures
from services.base.media.tokens import TextIds
from services.base.rpc.status import error_of
from services.base.stage.clip_pass import ArtifactPart, BoundStage, ClipPass
from services.base.stage.spec import ClipJob

SERVICE = "visemill.v1.SpeechFeatureService"
TEXT = "መጽሐፍ 你好 HELLO"
PIECE_BYTES = 1 << 16


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Settings of the stage, of tiny networks."""
    return {"config": str(write_config(tmp_path_factory.mktemp("indextts"))), "device": "cpu"}


@pytest.fixture(scope="module")
def tokenizer(testdata: Path) -> str:
    return str(testdata / "weights/indextts2_bpe.model")


@pytest.fixture(scope="module")
def server(speech: dict[str, Any], tokenizer: str, serve_features: Any) -> Iterator[Any]:
    flags = [f"--config={speech['config']}", "--device=cpu", f"--tokenizer={tokenizer}", "--max-clip-mib=4"]
    flags.append("--max-duration-s=40")
    server = serve_features(*flags, stage="speech")
    yield server
    server.kill()


class Reflected:
    """A client that has grpcio alone: what may be asked it learns from the server."""

    def __init__(self, target: str) -> None:
        self.channel = grpc.insecure_channel(target)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        method = DescriptorPool(self.database).FindServiceByName(SERVICE).FindMethodByName("Extract")
        self._request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        self._call: Any = self.channel.stream_unary(
            f"/{SERVICE}/Extract", self._request.SerializeToString, response.FromString
        )

    def extract(self, start: dict[str, Any], data: bytes = b"") -> Any:
        pieces = [{"data": data[i : i + PIECE_BYTES]} for i in range(0, len(data), PIECE_BYTES)]
        return self._call((self._request(**fields) for fields in [{"start": start}, *pieces]), timeout=120)

    def of_sound(self, media: Media, **start: Any) -> Any:
        assert media.data is not None
        header = {"name": media.name, "size_bytes": media.size_bytes}
        return self.extract({"media": header, **start}, media.data)


@pytest.fixture(scope="module")
def client(server: Any) -> Iterator[Reflected]:
    client = Reflected(server.target)
    yield client
    client.channel.close()


@pytest.fixture(scope="module")
def local(speech: dict[str, Any], tokenizer: str) -> ClipPass:
    """The same stages in this process."""
    sound = {"sample_rate_hz": 24_000, "resampler": "sinc"}
    configs = {"audio": sound, "text": {"tokenizer": tokenizer}, "fbank": {}, "speech": speech}
    return ClipPass([open_stage(name, config, None, configs) for name, config in configs.items()])


def _made(local: ClipPass, media: Media, text: str = TEXT) -> dict[str, Any]:
    clip = Clip(media.name, media.name, "", media.name, attributes=ClipAttributes(text=text))
    return {part.name: part.value for part in local.run(ClipJob(clip, media), {}) if isinstance(part, ArtifactPart)}


def _media(testdata: Path, name: str) -> Media:
    return Media.of_bytes(name, (testdata / "data/speech" / name).read_bytes())


def _computed(stage: BoundStage, frames: FilterbankFrames) -> SpeechFeatures:
    """By a pass that has the filterbank already."""
    job = ClipJob(Clip("c", "c", "", "c"), Media.of_bytes("c", b""))
    (made,) = [p.value for p in ClipPass([stage]).run(job, {"filterbank": frames}) if isinstance(p, ArtifactPart)]
    assert isinstance(made, SpeechFeatures)
    return made


def _refusal(call: Any) -> VisemillError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return error_of(caught.value)


def _require_equal(answer: Any, features: SpeechFeatures) -> None:
    assert list(answer.codes) == features.codes_L.tolist()
    assert answer.condition == features.condition_KD.tobytes()
    assert answer.emo_vec == features.emo_vec_D.tobytes()
    assert (answer.num_dims, dict(answer.sources)) == (12, features.sources)


@pytest.mark.parametrize("name", ["voice_01.wav", "emo_hate.wav"])
def test_a_client_that_knows_reflection_alone_gets_all_four_features_of_a_real_sound(
    testdata: Path, client: Reflected, local: ClipPass, name: str
) -> None:
    media = _media(testdata, name)
    answer, here = client.of_sound(media, text=TEXT), _made(local, media)
    assert SERVICE in client.database.get_services()
    _require_equal(answer.features, here["speech_features"])
    ids: TextIds = here["text_ids"]
    assert list(answer.text_ids.ids) == ids.ids_N.tolist() and len(ids.ids_N)
    assert (answer.text_ids.text, answer.text_ids.unknown) == (ids.text, ids.unknown)
    sound: SoundFacts = here["sound"]
    told = answer.sound
    assert (told.duration_s, told.peak, told.codec) == (sound.duration_s, sound.peak, sound.codec)
    assert told.source_rate_hz == sound.source_rate_hz and told.silent_share == sound.silent_share


def test_audio_over_30_s_gets_an_empty_code_list_or_an_exception(
    testdata: Path, client: Reflected, local: ClipPass
) -> None:
    """It gets the codes of all of its 36 s, from the server and from the stage, the same."""
    with wave.open(str(testdata / "data/speech/long.wav")) as file:
        rate_hz, samples = file.getframerate(), file.readframes(file.getnframes())
    joined = io.BytesIO()
    with wave.open(joined, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes((samples * 5)[: 36 * 2 * rate_hz])
    media = Media.of_bytes("36s.wav", joined.getvalue())
    features = _made(local, media)["speech_features"]
    assert len(features.codes_L) == (1 + (36 * 16_000 - 400) // 160) // 2 == 1799
    _require_equal(client.of_sound(media).features, features)


def test_a_pass_may_have_the_networks_at_a_server_and_the_same_bytes(
    testdata: Path, server: Any, speech: dict[str, Any], local: ClipPass
) -> None:
    here = _made(local, _media(testdata, "mid.wav"))
    stage = open_stage("speech", speech, server.target, {"fbank": {}, "speech": speech})
    there = _computed(stage, here["filterbank"])
    expected = here["speech_features"]
    assert there.codes_L.tolist() == expected.codes_L.tolist()
    assert there.condition_KD.tobytes() == expected.condition_KD.tobytes()
    assert there.emo_vec_D.tobytes() == expected.emo_vec_D.tobytes()
    assert there.sources == expected.sources


def test_a_remote_stage_of_other_weights_is_refused(server: Any, speech: dict[str, Any]) -> None:
    other = {**speech, "seed": 5}
    stage = open_stage("speech", other, server.target, {"speech": other})
    with pytest.raises(BadConfig, match="CONFIG_DIFFERS"):
        _computed(stage, FilterbankFrames(np.zeros((5, 160), np.float32)))


@pytest.mark.parametrize(
    ("start", "data", "expected"),
    [
        ({"media": {"name": "x.wav"}}, b"no sound", (BadInput, "AUDIO_UNREADABLE")),
        ({"media": {"name": "x.wav"}}, bytes(5 << 20), (BadInput, "CLIP_TOO_LARGE")),
        ({"media": {"name": "x.wav", "uri": "/etc/passwd"}}, b"", (BadInput, "URI_REFUSED")),
        ({}, b"", (BadInput, "BAD_MESSAGE")),
        ({"filterbank": {"num_frames": 2}}, b"", (BadInput, "TOO_SHORT")),
        ({"filterbank": {"num_frames": 10_002}}, b"", (BadInput, "TOO_LONG")),
        ({"filterbank": {"num_frames": 3}}, bytes(7), (BadInput, "BAD_MESSAGE")),
        ({"filterbank": {"num_frames": 3}}, bytes(4 * 160 * 4), (BadInput, "BAD_MESSAGE")),
        ({"filterbank": {"num_frames": 3}}, b"\xff" * (3 * 160 * 4), (BadInput, "NOT_FINITE")),
        ({"filterbank": {"num_frames": 3}, "text": " "}, bytes(3 * 160 * 4), (BadInput, "NO_TEXT")),
        ({"filterbank": {"num_frames": 3}, "text": "A", "language": "?"}, bytes(1), (BadConfig, "BAD_SETTING")),
        ({"filterbank": {"num_frames": 3}, "text": "A" * (2 << 20)}, bytes(3 * 160 * 4), (BadInput, "TEXT_TOO_LARGE")),
        ({"filterbank": {"num_frames": 3}, "sources": {"w2v_bert": "seeded:7"}}, b"", (BadConfig, "MODEL_DIFFERS")),
    ],
)
def test_what_cannot_be_answered_is_refused_by_its_class_and_reason(
    client: Reflected, start: dict[str, Any], data: bytes, expected: tuple[type, str]
) -> None:
    error = _refusal(lambda: client.extract(start, data))
    assert (type(error), error.reason) == expected, error


def test_a_sound_beyond_the_servers_limit_is_refused(client: Reflected) -> None:
    silence = io.BytesIO()
    with wave.open(silence, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(b"\x80" * (8000 * 41))
    error = _refusal(lambda: client.of_sound(Media.of_bytes("x.wav", silence.getvalue())))
    assert (type(error), error.reason) == (BadInput, "TOO_LONG")


def test_a_filterbank_with_its_text_is_answered_without_facts_of_a_sound(client: Reflected) -> None:
    frames_TC = np.random.default_rng(0).standard_normal((9, 160)).astype("<f4")
    start = {"filterbank": {"num_frames": 9}, "text": "12", "language": "EN"}
    answer = client.extract(start, frames_TC.tobytes())
    assert len(answer.features.codes) == 9 and not answer.HasField("sound")
    assert (answer.text_ids.language, answer.text_ids.text) == ("en", "12")


def test_its_health_is_that_of_the_service(client: Reflected) -> None:
    health = health_pb2_grpc.HealthStub(client.channel)
    assert health.Check(health_pb2.HealthCheckRequest(service=SERVICE)).status == health_pb2.HealthCheckResponse.SERVING


def test_a_child_that_is_killed_costs_a_pass_nothing(server: Any, speech: dict[str, Any]) -> None:
    stage = open_stage("speech", speech, server.target, {"speech": speech})
    frames = FilterbankFrames(np.random.default_rng(1).standard_normal((9, 160)).astype(np.float32))
    expected = _computed(stage, frames)
    for pid in server.children():
        os.kill(pid, signal.SIGKILL)
    assert _computed(stage, frames).emo_vec_D.tobytes() == expected.emo_vec_D.tobytes()
