"""A bundle on a real server: the texts of this process, clips of several clients as one batch, the service on it."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from visemill.v1 import common_pb2, landmarks_pb2, lipreading_pb2, lipreading_pb2_grpc

pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("onnx", reason="the train extra is not installed")

from attention_bundle import write_attention_bundle
from joint_bundle import write_joint_bundle
from lips_bundle import write_random_bundle

from services.base.errors import BadConfig
from services.base.media.clip import Clip, Media
from services.base.media.video import FrameChunk
from services.base.stage.spec import ClipJob
from services.lipreading.attending import AttendingReader
from services.lipreading.bundle_files import open_bundle
from services.lipreading.by_ctc import CtcReader
from services.lipreading.export import export_bundle
from services.lipreading.network import check_of_server, open_encoder
from services.lipreading.spec import LipreadingConfig
from services.lipreading.stage import open_stage
from services.lips.bundle import LOG_PROBS
from services.lips.transcript import Transcript
from services.triton.config import Serving
from services.triton.verify import verify_repository

TOLERANCE = 1e-4
NUM_CLIENTS = 8
# Frames: of near lengths, and each of a client's own.
LENGTHS = (75, 61, 74, 66, 70, 75, 63, 68)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_bundle(tmp_path_factory.mktemp("bundles") / "lipreader", seed=1)


@pytest.fixture(scope="module")
def with_decoders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One that says a character after another, and one that scores texts."""
    folder = tmp_path_factory.mktemp("bundles")
    return [write_attention_bundle(folder / "attention"), write_joint_bundle(folder / "joint", 32)]


@pytest.fixture(scope="module")
def repository(bundle: Path, with_decoders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By the command; a server waits for the requests of all clients, so that they meet on any machine.

    The model `uniform` is the same network, but the server joins requests of one shape alone, as it must for backends
    other than python's.
    """
    folder = tmp_path_factory.mktemp("repository") / "models"
    argv = [sys.executable, "-m", "orchestrator.cli.main", "models", "export", str(folder), "--bundle", str(bundle)]
    for name in ("grid-ctc", "uniform"):
        words = ["--queue-delay-us", "100000", *(["--name", name] if name == "uniform" else [])]
        done = subprocess.run([*argv, *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout.partition(",")[0]) == (0, f"{name} version 1"), done.stderr
    config = folder / "uniform/config.pbtxt"
    ragged = config.read_text()
    config.write_text(ragged.replace(" allow_ragged_batch: true", ""))
    assert config.read_text() != ragged
    for one in with_decoders:
        export_bundle(folder, one, "", Serving(max_batch_size=8, queue_delay_us=20000))
    return folder


@pytest.fixture(scope="module")
def server(triton: Callable[..., Any], repository: Path) -> Any:
    return triton(repository)


@pytest.fixture(scope="module")
def clips() -> list[np.ndarray]:
    """uint8 [T, 50, 100, 3] each: blots that move, since of noise all pictures are alike to a network."""
    rng = np.random.default_rng(0)
    made = []
    for length in LENGTHS:
        coarse = rng.integers(0, 256, (length, 5, 10, 3), np.uint8)
        made.append(coarse.repeat(10, axis=1).repeat(10, axis=2))
    return made


def read(config: LipreadingConfig, clips: list[np.ndarray]) -> list[Transcript]:
    stage = open_stage(config)

    def transcript(mouths_THWC: np.ndarray) -> Transcript:
        reading = stage(ClipJob(Clip("c", "c", "", "c"), Media.of_bytes("c", b"")), None)
        reading.push(FrameChunk(0, mouths_THWC, np.arange(len(mouths_THWC)) / 25))
        found: Transcript = reading.finish({})
        return found

    return [transcript(mouths_THWC) for mouths_THWC in clips]


def configs(bundle: Path, server: Any, **settings: Any) -> tuple[LipreadingConfig, LipreadingConfig]:
    """Here, and at the server."""
    own = {"bundle": str(bundle), "cropped": True, "beam_width": 1}
    return LipreadingConfig(**own), LipreadingConfig(**own, backend="triton", triton=server.target, **settings)


def test_the_repository_passes_its_verification_here_and_on_the_server(repository: Path, server: Any) -> None:
    found = verify_repository(repository, server.target)
    recipes = ("chinese-lips-conformer", "chinese-lips-lstm")
    names = [name for recipe in recipes for name in (recipe, f"{recipe}-decoder")]
    assert [(f.model, f.version, f.problems) for f in found] == [
        (name, 1, ()) for name in (*names, "grid-ctc", "uniform")
    ]


@pytest.mark.parametrize("transport", ["grpc", "shared-memory"])
@pytest.mark.parametrize("num_frames", [1, 8, 75, 300])
def test_probabilities_are_those_of_this_process_though_the_clip_is_padded(
    bundle: Path, server: Any, transport: str, num_frames: int
) -> None:
    here, there = configs(bundle, server, triton_transport=transport)
    mouths_THWC = np.random.default_rng(num_frames).integers(0, 256, (num_frames, 50, 100, 3), np.uint8)
    card = open_bundle(here).card
    reads = [open_encoder(config, card, [LOG_PROBS]) for config in (here, there)]
    (expected_SK,), (found_SK,) = (encoder(mouths_THWC, "c") for encoder in reads)
    assert found_SK.shape == expected_SK.shape == (2 * num_frames, 28)
    assert np.abs(np.exp(found_SK) - np.exp(expected_SK)).max() < TOLERANCE


@pytest.mark.parametrize("model", ["grid-ctc", "uniform"])
def test_clips_of_near_lengths_of_eight_clients_are_computed_together(
    bundle: Path, server: Any, clips: list[np.ndarray], model: str
) -> None:
    here, there = configs(bundle, server, triton_model=model)
    expected = read(here, clips)
    assert len({one.text for one in expected}) > 1
    items, executions = server.counts(model)
    # Each begins with another clip, so that those of one moment are of different lengths.
    orders = [[(first + i) % len(clips) for i in range(len(clips))] for first in range(NUM_CLIENTS)]
    with ThreadPoolExecutor(NUM_CLIENTS) as pool:
        answers = list(pool.map(lambda order: read(there, [clips[i] for i in order]), orders))
    later_items, later_executions = server.counts(model)
    assert later_items - items == NUM_CLIENTS * len(clips)
    # Half as many on idle cores; where others use them fewer clients ask at once. Unpadded, nine of ten are alone.
    assert later_executions - executions < 0.75 * (later_items - items)
    for order, found in zip(orders, answers, strict=True):
        for one, wanted in zip(found, (expected[i] for i in order), strict=True):
            assert one.text == wanted.text
            assert one.times_s_L.tolist() == wanted.times_s_L.tolist()
            assert np.abs(one.probs_L - wanted.probs_L).max() < TOLERANCE


@pytest.mark.parametrize("transport", ["grpc", "shared-memory"])
@pytest.mark.parametrize(("which", "reader"), [(0, AttendingReader), (1, CtcReader)])
def test_encoder_and_decoder_at_the_server_read_what_they_read_here(
    with_decoders: list[Path], server: Any, which: int, reader: type[AttendingReader | CtcReader], transport: str
) -> None:
    """Clips of four clients, whose steps the server joins."""
    here, there = configs(with_decoders[which], server, triton_transport=transport)
    here, there = (replace(config, beam_width=0) for config in (here, there))
    bundle = open_bundle(here)
    decoder = f"{bundle.card.recipe}-decoder"
    check_of_server(there, bundle.card)()
    rng = np.random.default_rng(which)
    clips = [rng.integers(0, 256, (n, 4, 4, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2) for n in (40, 37, 12, 5)]
    reads = reader(bundle, here)
    expected, (items, executions) = [reads(clip, "c", True) for clip in clips], server.counts(decoder)
    assert any(one.text for one in expected)
    with ThreadPoolExecutor(len(clips)) as pool:
        found = [*pool.map(lambda clip: reader(bundle, there)(clip, "c", True), clips)]
    for one, wanted in zip(found, expected, strict=True):
        assert (one.text, one.times_s_L.tolist()) == (wanted.text, wanted.times_s_L.tolist())
        assert one.score == pytest.approx(wanted.score, abs=TOLERANCE)
        assert np.abs(one.probs_L - wanted.probs_L).max(initial=0) < TOLERANCE
    later_items, later_executions = server.counts(decoder)
    assert later_items - items >= len(clips)
    assert later_executions - executions < later_items - items


def test_a_server_with_another_network_is_refused(server: Any, tmp_path: Path) -> None:
    other = write_random_bundle(tmp_path / "other", seed=2)
    _, there = configs(other, server)
    with pytest.raises(BadConfig, match="MODEL_DIFFERS"):
        open_stage(there)
    _, absent = configs(other, server, triton_model="absent")
    with pytest.raises(BadConfig, match="NO_MODEL"):
        open_stage(absent)


def test_the_service_asks_the_server_for_a_bundle_without_its_network(
    bundle: Path, server: Any, clips: list[np.ndarray], tmp_path: Path
) -> None:
    here, _ = configs(bundle, server)
    (expected,) = read(here, clips[:1])
    light = tmp_path / "light"
    light.mkdir()
    for name in ("card.json", "tokenizer.json"):
        (light / name).write_bytes((bundle / name).read_bytes())
    words = ["lipreading", "serve", "--bundle", str(light), "--backend", "triton", "--triton", server.target]
    words += ["--num-children", "1", "--beam-width", "1", "--listen", "127.0.0.1:0"]
    size = landmarks_pb2.FramesHeader(width_px=100, height_px=50)
    start = lipreading_pb2.TranscribeStart(frames=size, cropped=True)
    message = common_pb2.FrameChunk(frames=clips[0].tobytes(), pts_s=[i / 25 for i in range(len(clips[0]))])
    requests = [lipreading_pb2.TranscribeRequest(start=start), lipreading_pb2.TranscribeRequest(chunk=message)]
    items, _ = server.counts("grid-ctc")
    with subprocess.Popen([sys.executable, "-m", "services", *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        target = process.stdout.readline().removeprefix("listening on ").strip()
        with grpc.insecure_channel(target) as channel:
            stub = lipreading_pb2_grpc.LipreadingServiceStub(channel)
            (answer,) = stub.Transcribe(iter(requests), timeout=60, wait_for_ready=True)
        process.terminate()
        assert process.wait(60) == 0
    assert (answer.transcript.text, answer.transcript.num_frames) == (expected.text, 75)
    assert server.counts("grid-ctc")[0] == items + 1
