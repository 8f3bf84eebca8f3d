"""Exported networks in onnxruntime against the same networks in torch, on frames of a real clip where there are any."""

import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from semantic_model import SemanticModel

from services.base.errors import BadConfig
from services.features.opening import open_model
from services.features.ops import cut, padded
from services.features.runtimes import export as export_onnx
from services.features.runtimes.export import export_network
from services.features.runtimes.onnx import OnnxItems, open_onnx
from services.features.runtimes.torch import TorchModel
from services.features.spec import FeaturesConfig

TOLERANCE = 1e-4  # of the output's spread
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx")
    export_network(FeaturesConfig(), path / "inception_v3.onnx")
    export_network(FeaturesConfig(model="semantic"), path / "semantic.onnx")
    export_network(FeaturesConfig(model="ave"), path / "ave.onnx")
    return path


@pytest.fixture(scope="module")
def frames_NHWC() -> np.ndarray:
    generator = np.random.default_rng(0)
    rough = generator.integers(0, 256, (3, 9, 12, 3), dtype=np.uint8)
    return np.stack([cv2.resize(frame, (320, 200), interpolation=cv2.INTER_CUBIC) for frame in rough])


@pytest.fixture(scope="module")
def expected_ND(frames_NHWC: np.ndarray) -> np.ndarray:
    return TorchModel(FeaturesConfig(device="cpu"))(frames_NHWC)


def spread(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / expected.std())


@pytest.mark.parametrize("num_frames", [1, 3])
def test_any_number_of_frames_agrees_with_torch(
    num_frames: int, folder: Path, frames_NHWC: np.ndarray, expected_ND: np.ndarray
) -> None:
    found = OnnxItems(folder / "inception_v3.onnx", "seeded:0")(frames_NHWC[:num_frames])
    assert found.shape == (num_frames, 2048)
    assert spread(found, expected_ND[:num_frames]) < TOLERANCE


@pytest.mark.parametrize("num_windows", [1, 70])
def test_any_number_of_windows_agrees_with_torch(num_windows: int, folder: Path) -> None:
    windows_NX = np.random.default_rng(2).standard_normal((num_windows, 1, 80, 16)).astype(np.float32)
    expected_ND = TorchModel(FeaturesConfig(model="ave", device="cpu"))(windows_NX)
    config = FeaturesConfig(model="ave", backend="onnxruntime", weights=str(folder / "ave.onnx"))
    assert spread(open_model(config, "windows")(windows_NX), expected_ND) < TOLERANCE


@pytest.mark.slow
def test_frames_of_any_size_are_stretched_inside(frames_NHWC: np.ndarray, tmp_path: Path) -> None:
    export_network(FeaturesConfig(), tmp_path / "any_size.onnx", any_size=True)
    session = onnxruntime.InferenceSession(str(tmp_path / "any_size.onnx"), providers=["CPUExecutionProvider"])
    model = TorchModel(FeaturesConfig(device="cpu"))
    for width_px, height_px in ((320, 200), (77, 121), (299, 299)):
        some_NHWC = np.stack([cv2.resize(frame, (width_px, height_px)) for frame in frames_NHWC[:2]])
        found = session.run(None, {"frames": some_NHWC})[0]
        assert spread(found, model(some_NHWC)) < TOLERANCE


def test_a_file_says_whose_weights_it_holds_and_nothing_of_the_machine(folder: Path) -> None:
    proto = onnx.load(folder / "inception_v3.onnx")
    assert {p.key: p.value for p in proto.metadata_props} == {"model": "inception_v3", "weights": "seeded:0"}
    sizes = [d.dim_value or d.dim_param for d in proto.graph.input[0].type.tensor_type.shape.dim]
    assert proto.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert isinstance(sizes[0], str) and sizes[1:] == [299, 299, 3]
    assert str(ROOT).encode() not in (folder / "inception_v3.onnx").read_bytes()


def test_sequences_of_any_length_agree_with_torch(folder: Path) -> None:
    generator = np.random.default_rng(0)
    sequences = [generator.standard_normal((n, 80)).astype(np.float32) for n in (5, 17, 1, 40)]
    ours, exported = SemanticModel(), onnxruntime.InferenceSession(str(folder / "semantic.onnx"))
    assert exported.get_modelmeta().custom_metadata_map["weights"] == ours.weights == "seeded:0"
    for group in (sequences, sequences[:1], sequences[2:3]):
        padded_NTC, lengths_N = padded(group)
        (vectors_NTD,) = exported.run(None, {"sequences": padded_NTC, "lengths": lengths_N})
        for vectors, expected in zip(cut(vectors_NTD, lengths_N), ours(group), strict=True):
            assert np.abs(vectors - expected).max() < 1e-5


def test_the_command_writes_the_same_bytes_as_the_function(folder: Path, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "services.features.runtimes.export", "semantic", str(tmp_path / "again.onnx")]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == f"{tmp_path / 'again.onnx'}\tseeded:0\n"
    assert (tmp_path / "again.onnx").read_bytes() == (folder / "semantic.onnx").read_bytes()


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "services.features.runtimes.export", "inception_v3", str(tmp_path / "x.onnx")]
    done = subprocess.run([*argv, "--weights", "none.pth"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 78
    assert "WEIGHTS_MISSING" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_backend_takes_an_exported_file_by_its_digest(
    folder: Path, frames_NHWC: np.ndarray, expected_ND: np.ndarray
) -> None:
    model = open_model(FeaturesConfig(backend="onnxruntime", weights=str(folder / "inception_v3.onnx")))
    assert model.weights.startswith("sha256:")
    assert spread(model(frames_NHWC[:1]), expected_ND[:1]) < TOLERANCE


def test_the_backend_exports_by_itself_where_no_file_is_given(
    folder: Path, frames_NHWC: np.ndarray, expected_ND: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The export itself is tried above: here its file is laid where the backend asked for it."""
    asked: list[FeaturesConfig] = []

    def export(config: FeaturesConfig, path: Path) -> str:
        asked.append(config)
        shutil.copy(folder / "inception_v3.onnx", path)
        return f"seeded:{config.seed}"

    monkeypatch.setattr(export_onnx, "export_network", export)
    # What this machine has kept from elsewhere would be taken.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = open_model(FeaturesConfig(backend="onnxruntime", seed=5))
    assert (model.weights, [config.seed for config in asked]) == ("seeded:5", [5])
    assert spread(model(frames_NHWC[:1]), expected_ND[:1]) < TOLERANCE


def test_another_networks_file_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"MODEL_OF_ANOTHER_NETWORK.*holds semantic, not inception_v3"):
        open_model(FeaturesConfig(backend="onnxruntime", weights=str(folder / "semantic.onnx")))
    (tmp_path / "torn.onnx").write_bytes((folder / "semantic.onnx").read_bytes()[:1000])
    with pytest.raises(BadConfig, match="MODEL_UNREADABLE"):
        open_model(FeaturesConfig(backend="onnxruntime", weights=str(tmp_path / "torn.onnx")))


def test_the_backend_exports_once_a_machine_and_again_where_the_kept_file_is_damaged(
    folder: Path, frames_NHWC: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The export itself takes seconds, so its counted calls hand out the file that was exported above."""
    exports: list[Path] = []

    def export(_config: FeaturesConfig, path: Path) -> str:
        exports.append(path)
        shutil.copyfile(folder / "inception_v3.onnx", path)
        return "seeded:0"

    monkeypatch.setattr(export_onnx, "export_network", export)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = FeaturesConfig(backend="onnxruntime")
    first, second = open_onnx(config), open_onnx(config)
    assert len(exports) == 1
    (kept,) = (tmp_path / "visemill" / "exports").glob("*.onnx")
    assert exports[0].parent == kept.parent
    assert first.weights == second.weights == "seeded:0"
    assert first(frames_NHWC).tobytes() == second(frames_NHWC).tobytes()
    kept.write_bytes(kept.read_bytes()[:1000])
    assert open_onnx(config)(frames_NHWC).tobytes() == first(frames_NHWC).tobytes()
    assert len(exports) == 2
    with pytest.raises(BadConfig, match="WEIGHTS_MISSING"):
        monkeypatch.undo()
        open_onnx(FeaturesConfig(backend="onnxruntime", weights_sha256="0" * 64))
