"""InceptionV3 against torchvision's own numbers, on weights and inputs that are a function of their names."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from services.features.frames.inception import IMAGENET_MEAN, IMAGENET_STD, FrameFeatures, InceptionV3
from services.features.ops import stretched
from services.features.runtimes.torch import TorchModel
from services.features.spec import FeaturesConfig

TOLERANCE = 1e-3  # of the output's spread, as the golden data's own page says
GAIN = 1.75


@pytest.fixture(scope="module")
def folder(testdata: Path) -> Path:
    path = testdata / "data" / "golden" / "models"
    if not (path / "inception_v3.npz").is_file():
        pytest.skip(f"no golden outputs in {path}")
    return path


@pytest.fixture(scope="module")
def golden(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "inception_v3.npz", allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def filler(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fill_by_name", folder / "fill_by_name.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shapes(testdata: Path) -> dict[str, tuple[int, ...]]:
    lines = (testdata / "specs" / "keys" / "state_dict_inception_v3.txt").read_text().splitlines()
    pairs = (line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    return {key: tuple(ast.literal_eval(shape)) for key, shape in pairs}


@pytest.fixture(scope="module")
def weights(filler: ModuleType, shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(np.asarray(filler.fill(key, shape, gain=GAIN))) for key, shape in shapes.items()}


def network(weights: dict[str, torch.Tensor], *, transform_input: bool = True) -> InceptionV3:
    made = InceptionV3(transform_input=transform_input)
    made.load_state_dict(weights, strict=True)
    return made.eval()


def spread(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / expected.std())


def normalised(filler: ModuleType) -> torch.Tensor:
    x = torch.from_numpy(filler.uniform("inception_v3/image", (2, 3, 299, 299)))
    mean, std = (torch.tensor(values)[None, :, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (x - mean) / std


def test_names_order_and_shapes_are_torchvisions(shapes: dict[str, tuple[int, ...]]) -> None:
    ours = {key: tuple(tensor.shape) for key, tensor in InceptionV3().state_dict().items()}
    assert list(ours.items()) == list(shapes.items())


@pytest.mark.parametrize(
    ("transform_input", "key"),
    [(True, "features_N2048"), (False, "features_without_transform_input_N2048")],
)
def test_features_are_torchvisions(
    transform_input: bool,
    key: str,
    filler: ModuleType,
    weights: dict[str, torch.Tensor],
    golden: dict[str, np.ndarray],
) -> None:
    with torch.inference_mode():
        found = network(weights, transform_input=transform_input)(normalised(filler)).numpy()
    assert spread(found, golden[key]) < TOLERANCE


def test_a_real_frame_is_stretched_to_the_originals_very_bytes(golden: dict[str, np.ndarray]) -> None:
    frame_NHWC = golden["frame_bgr_HWC"][None, ..., ::-1]
    assert np.array_equal(stretched(frame_NHWC)[0], golden["frame_resized_rgb_HWC"])


def test_a_real_frame_through_the_graph(weights: dict[str, torch.Tensor], golden: dict[str, np.ndarray]) -> None:
    """Stretch, normalisation and transform_input all inside the exported module."""
    frame_NHWC = torch.from_numpy(golden["frame_bgr_HWC"][None, ..., ::-1].copy())
    with torch.inference_mode():
        found = FrameFeatures(network(weights))(frame_NHWC).numpy()
    assert spread(found, golden["frame_features_N2048"]) < TOLERANCE


@pytest.mark.parametrize("channels_last", [True, False])
def test_a_real_frame_through_the_backend_from_a_users_file(
    channels_last: bool, tmp_path: Path, weights: dict[str, torch.Tensor], golden: dict[str, np.ndarray]
) -> None:
    torch.save(weights, tmp_path / "weights.pth")
    config = FeaturesConfig(weights=str(tmp_path / "weights.pth"), device="cpu", channels_last=channels_last)
    model = TorchModel(config)
    assert model.weights.startswith("sha256:")
    found = model(golden["frame_bgr_HWC"][None, ..., ::-1])
    assert spread(found, golden["frame_features_N2048"]) < TOLERANCE
