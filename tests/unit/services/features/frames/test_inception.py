"""The network's own rules; what it computes is held against torchvision's numbers in tests/integration."""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from services.base.stage.config import config_from_mapping
from services.features.frames.inception import IMAGENET_MEAN, IMAGENET_STD, FrameFeatures, InceptionV3
from services.features.ops import stretched
from services.features.runtimes.torch import TorchModel, loaded_network
from services.features.spec import FeaturesConfig

ROOT = Path(__file__).resolve().parents[5]


@pytest.fixture(scope="module")
def network() -> InceptionV3:
    torch.set_num_threads(1)
    return loaded_network(FeaturesConfig())[0]


@pytest.fixture(scope="module")
def model() -> TorchModel:
    return TorchModel(FeaturesConfig(device="cpu"))


def frames(num_frames: int, height_px: int = 96, width_px: int = 128) -> np.ndarray:
    generator = np.random.default_rng(num_frames)
    rough = generator.integers(0, 256, (num_frames, 6, 8, 3), dtype=np.uint8)
    return rough.repeat(height_px // 6, axis=1).repeat(width_px // 8, axis=2)


def spread(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a - b).max() / b.std())


def test_the_auxiliary_head_and_the_classifier_are_loaded_and_not_computed(network: InceptionV3) -> None:
    names = set(network.state_dict())
    assert len(names) == 580
    assert {"AuxLogits.fc.weight", "fc.weight", "Mixed_7c.branch3x3dbl_3b.bn.running_var"} <= names
    called = []
    hooks = [part.register_forward_hook(lambda *_: called.append(1)) for part in (network.AuxLogits.fc, network.fc)]
    with torch.inference_mode():
        assert network(torch.zeros((1, 3, 299, 299))).shape == (1, 2048)
    for hook in hooks:
        hook.remove()
    assert called == []


def test_transform_input_is_in_the_graph_and_in_no_state_dict(network: InceptionV3) -> None:
    """ImageNet's normalisation, then the transform, is (x - 0.5) / 0.5."""
    plain = InceptionV3(transform_input=False)
    plain.load_state_dict(network.state_dict(), strict=True)
    x = torch.rand((1, 3, 299, 299), generator=torch.Generator().manual_seed(0))
    mean, std = (torch.tensor(values)[None, :, None, None] for values in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.inference_mode():
        transformed, expected = network((x - mean) / std), plain.eval()((x - 0.5) / 0.5)
        untransformed = plain((x - mean) / std)
    assert spread(transformed.numpy(), expected.numpy()) < 1e-4
    assert spread(untransformed.numpy(), expected.numpy()) > 1e-2


def test_a_frames_path_through_the_graph_and_through_opencv_agree(network: InceptionV3, model: TorchModel) -> None:
    """Any size inside the graph, stretched outside of it, norms folded or not: one answer."""
    frames_NHWC = frames(2)
    with torch.inference_mode():
        inside = FrameFeatures(network)(torch.from_numpy(frames_NHWC)).numpy()
    assert spread(model(frames_NHWC), inside) < 1e-4
    assert np.array_equal(model(frames_NHWC), model(stretched(frames_NHWC)))


def test_seeded_activations_neither_fade_nor_explode(model: TorchModel) -> None:
    vectors_ND = model(frames(3))
    assert 0.05 < vectors_ND.std() < 20
    assert np.isfinite(vectors_ND).all()
    assert spread(vectors_ND[:1], vectors_ND[1:2]) > 0.01, "frames must be told apart"


def test_two_loads_give_the_same_bytes(model: TorchModel) -> None:
    again = TorchModel(FeaturesConfig(device="cpu"))
    frames_NHWC = frames(2)
    assert again(frames_NHWC).tobytes() == model(frames_NHWC).tobytes()
    assert (again.name, again.weights) == ("inception_v3", "seeded:0")


def test_frames_of_one_piece_do_not_depend_on_the_pieces_beside_it(model: TorchModel) -> None:
    """A batch of a processor goes through eight at a time, so any batch of whole pieces is the same bytes."""
    frames_NHWC = frames(9, 48, 64)
    assert np.array_equal(model(frames_NHWC)[:8], model(frames_NHWC[:8]))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_packed_convolutions_are_the_ones_that_torch_computes(dtype: str) -> None:
    """In plain order nothing is packed."""
    packed, plain = (
        TorchModel(config_from_mapping(FeaturesConfig, {"device": "cpu", "dtype": dtype, "channels_last": order}))
        for order in (True, False)
    )
    frames_NHWC = frames(2)
    assert spread(packed(frames_NHWC), plain(frames_NHWC)) < (1e-4 if dtype == "float32" else 0.2)


BYTES_FAULTED_IN = """
import resource
from tests.unit.services.features.frames.test_inception import frames
from services.features.runtimes.torch import TorchModel
from services.features.spec import FeaturesConfig

model, frames_NHWC = TorchModel(FeaturesConfig(device="cpu")), frames(8)
for _ in range(8):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    model(frames_NHWC)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="a C library that cannot be told")
def test_the_memory_of_a_piece_serves_the_next() -> None:
    """In a process of its own, whose heap nobody else uses. Blocks settle after a few pieces."""
    argv = [sys.executable, "-c", BYTES_FAULTED_IN]
    done = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True)
    assert min(map(int, done.stdout.split())) < 32 << 20, "the largest layer alone is 44 MB"


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.base.errors import BadConfig

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadConfig, match=r"NO_GPU.*begin a new run with device auto"):
        TorchModel(FeaturesConfig(device="cuda"))
