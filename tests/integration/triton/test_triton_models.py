"""Exported networks on a real server: the same vectors as in this process, batched across clients, pinned to a run."""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

from semantic_model import SemanticModel
from triton_sequences import TritonSequences

from services.base.errors import BadConfig
from services.base.media.clip import Clip, Media
from services.base.media.video import FrameChunk
from services.base.process.settings import Settings
from services.base.stage.spec import ClipJob
from services.features.runtimes.onnx import open_onnx
from services.features.runtimes.torch import open_torch
from services.features.spec import FeaturesConfig
from services.features.stage import open_stage
from services.features.triton.networks import open_triton
from services.features.triton.repository import export_network, verify_repository
from services.triton.client import TritonClient
from services.triton.config import Serving

TOLERANCE = 1e-4
LENGTHS = (5, 90, 33, 7, 61, 2, 120, 44)


def differs_by(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, of the expected values' standard deviation."""
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / expected.std())


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    export_network(folder, "semantic", FeaturesConfig(), Serving(queue_delay_us=50_000))
    return folder


@pytest.fixture(scope="module")
def server(triton: Callable[..., Any], repository: Path) -> Any:
    return triton(repository)


@pytest.fixture(scope="module")
def inception(triton: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server with InceptionV3, whose export takes its time."""
    folder = tmp_path_factory.mktemp("inception")
    export_network(folder, "inception_v3", FeaturesConfig(), Serving(num_threads=2))
    return triton(folder)


@pytest.fixture(scope="module")
def frames_NHWC(testdata: Path) -> np.ndarray:
    """A real frame as it was decoded, and its mirror image."""
    with np.load(testdata / "data/golden/models/inception_v3.npz", allow_pickle=False) as golden:
        frame_HWC = golden["frame_bgr_HWC"][:, :, ::-1]
    return np.stack([frame_HWC, frame_HWC[:, ::-1]])


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["grpc", "shared-memory"])
def test_torch_onnxruntime_and_triton_agree_on_a_real_frame(
    inception: Any, frames_NHWC: np.ndarray, transport: str
) -> None:
    torch_ND = open_torch(FeaturesConfig())(frames_NHWC)
    config = FeaturesConfig(backend="triton", triton=inception.target, triton_transport=transport)  # type: ignore[arg-type]
    model = open_triton(config)
    assert (model.name, model.weights) == ("inception_v3", "seeded:0")
    assert differs_by(model(frames_NHWC), torch_ND) < TOLERANCE
    onnx_ND = open_onnx(FeaturesConfig(backend="onnxruntime"))(frames_NHWC)
    assert differs_by(onnx_ND, torch_ND) < TOLERANCE


@pytest.mark.slow
def test_the_stage_on_triton_gives_a_clips_vectors_and_times(inception: Any, frames_NHWC: np.ndarray) -> None:
    def features(config: FeaturesConfig) -> Any:
        job = ClipJob(Clip("c", "c", "", "c"), Media.of_bytes("c", b""))
        consumer = open_stage(config)(job, None)
        consumer.push(FrameChunk(0, frames_NHWC, np.array([0.0, 0.04])))
        consumer.push(FrameChunk(2, frames_NHWC[:1], np.array([0.08])))
        return consumer.finish({})

    here = features(FeaturesConfig(batch_size=2))
    there = features(FeaturesConfig(batch_size=2, backend="triton", triton=inception.target))
    assert differs_by(there.vectors_TD, here.vectors_TD) < TOLERANCE
    assert there.pts_s_T.tolist() == here.pts_s_T.tolist()
    assert (there.model, there.weights) == (here.model, here.weights)


def test_the_repository_passes_its_own_verification_here_and_on_the_server(server: Any, repository: Path) -> None:
    found = verify_repository(repository, server.target)
    assert [(f.model, f.version, f.problems) for f in found] == [("semantic", 1, ())]


def test_what_a_server_holds_otherwise_than_the_repository_is_named(
    server: Any, repository: Path, tmp_path: Path
) -> None:
    """The server reads the one repository, and is compared with others."""
    settings = Path(shutil.copytree(repository, tmp_path / "settings"))
    text = (settings / "semantic/config.pbtxt").read_text()
    assert "max_queue_delay_microseconds: 50000" in text
    (settings / "semantic/config.pbtxt").write_text(text.replace(": 50000", ": 70000"))
    (finding,) = verify_repository(settings, server.target)
    (problem,) = finding.problems
    assert "differ in dynamic_batching.max_queue_delay_microseconds (70000, 50000)" in problem

    other = tmp_path / "other"
    export_network(other, "semantic", FeaturesConfig(seed=1), Serving(queue_delay_us=50_000))
    (finding,) = verify_repository(other, server.target)
    first, second, *settings_differ, last = finding.problems
    assert f"{server.target} serves semantic of weights seeded:0, here lies seeded:1" in first
    assert "serves semantic of digest" in second
    assert all("parameters[" in problem for problem in settings_differ)
    assert "differs from the network by" in last


def test_a_model_that_the_server_lacks_is_named(server: Any, repository: Path, tmp_path: Path) -> None:
    card = (repository / "semantic/1/model.json").read_text()
    copy = Path(shutil.copytree(repository / "semantic", tmp_path / "models/absent")).parent
    (copy / "absent/1/model.json").write_text(card.replace('"semantic"', '"absent"'))
    config = (copy / "absent/config.pbtxt").read_text()
    (copy / "absent/config.pbtxt").write_text(config.replace('"semantic"', '"absent"'))
    (finding,) = verify_repository(copy, server.target)
    (problem,) = finding.problems
    assert "NO_MODEL" in problem
    assert "absent" in problem


def test_the_command_line_lists_and_verifies_with_the_server(server: Any, repository: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "orchestrator.cli.main",
        "models",
        "verify",
        str(repository),
        "--server",
        server.target,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.count(": ok")) == (0, 1), done.stderr


def test_sequences_of_any_length_are_batched_across_clients_and_stay_themselves(server: Any) -> None:
    """Eight clients send sequences of eight lengths one by one; the server pads and runs them together."""
    rng = np.random.default_rng(0)
    sequences = [rng.standard_normal((length, 80)).astype(np.float32) for length in LENGTHS]
    alone = SemanticModel()
    expected = [alone([sequence])[0] for sequence in sequences]
    models = [TritonSequences(TritonClient(server.target, "semantic", "seeded:0"), batch_size=1) for _ in range(8)]
    items, executions = server.counts("semantic")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda model: model(sequences), models))
    later_items, later_executions = server.counts("semantic")
    assert later_items - items == 64
    assert later_executions - executions < 32
    for answer in answers:
        assert max(differs_by(found, wanted) for found, wanted in zip(answer, expected, strict=True)) < TOLERANCE


def test_a_request_of_several_sequences_is_padded_by_the_client(server: Any) -> None:
    rng = np.random.default_rng(1)
    sequences = [rng.standard_normal((length, 80)).astype(np.float32) for length in LENGTHS]
    together = TritonSequences(TritonClient(server.target, "semantic"))(sequences)
    expected = SemanticModel()(sequences)
    assert max(differs_by(found, wanted) for found, wanted in zip(together, expected, strict=True)) < TOLERANCE


def test_a_server_that_comes_back_with_other_weights_is_refused_in_mid_run(
    triton: Callable[..., Any], tmp_path: Path
) -> None:
    export_network(tmp_path, "semantic", FeaturesConfig(), Serving())
    server = triton(tmp_path)
    client = TritonClient(server.target, "semantic", "seeded:0", values=Settings(rpc_patience_s=30.0))
    model = TritonSequences(client)
    sequence_TC = np.ones((4, 80), np.float32)
    model([sequence_TC])
    server.kill()
    export_network(tmp_path, "semantic", FeaturesConfig(seed=1), Serving())
    restarting = threading.Timer(0.5, server.start)
    restarting.start()
    with pytest.raises(BadConfig, match=r"MODEL_DIFFERS.*seeded:1.*seeded:0"):
        model([sequence_TC])
    restarting.join()


def test_a_server_with_tls_is_reached_with_its_certificate_alone(
    triton: Callable[..., Any], tmp_path: Path, repository: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days"]
    argv += ["2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    try:
        subprocess.run([*argv, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    except OSError:
        pytest.skip("no openssl to make a certificate with")
    flags = ("--grpc-use-ssl=1", f"--grpc-server-cert={certificate}", f"--grpc-server-key={key}")
    server = triton(repository, "--model-control-mode=explicit", "--load-model=semantic", *flags, tls_ca=certificate)
    values = Settings(tls_ca=str(certificate), rpc_patience_s=5.0)
    model = TritonSequences(TritonClient(server.target, "semantic", "seeded:0", values=values))
    assert model([np.ones((3, 80), np.float32)])[0].shape == (3, 128)


@pytest.mark.slow
def test_a_run_whose_server_is_killed_and_started_again_ends_complete(
    inception: Any, testdata: Path, tmp_path: Path
) -> None:
    """Takes half a minute: a real run beside a server that starts twice."""

    def argv(name: str, *flags: str) -> list[str]:
        run = [
            sys.executable,
            "-m",
            "orchestrator.cli.main",
            "run",
            "sign",
            str(testdata / "data/sign"),
            str(tmp_path / name),
        ]
        return [*run, "--write-iv3-features", "--disable-parquet", "--target-fps", "8", "--workers", "2", *flags]

    def vectors(name: str) -> dict[str, np.ndarray]:
        found = {}
        for path in (tmp_path / name).glob("*.npz"):
            with np.load(path, allow_pickle=False) as arrays:
                found[path.name] = arrays["X2048"]
        return found

    subprocess.run(argv("here"), check=True, capture_output=True, timeout=300)
    before = inception.counts("inception_v3")[0]
    run = subprocess.Popen(argv("there", "--triton", inception.target), stdout=subprocess.DEVNULL)
    while run.poll() is None and inception.counts("inception_v3")[0] == before:
        time.sleep(0.05)
    assert run.poll() is None, "the run ended before its server could be killed"
    inception.kill()
    time.sleep(1.0)
    assert run.poll() is None
    inception.start()
    assert run.wait(300) == 0
    here, there = vectors("here"), vectors("there")
    assert sorted(there) == sorted(here) == ["autsl_signer0_sample1000.npz", "pose_test_video.npz"]
    assert max(differs_by(there[name], here[name]) for name in here) < TOLERANCE
