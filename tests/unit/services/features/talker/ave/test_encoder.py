"""The audio encoder has the layers of the published file, and turns windows into vectors, each on its own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from services.base.errors import BadConfig
from services.features.opening import open_model
from services.features.runtimes.weights import seeded_weights
from services.features.spec import FeaturesConfig
from services.features.talker.ave.encoder import AudioEncoder


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    shapes = {name: tuple(tensor.shape) for name, tensor in AudioEncoder().state_dict().items()}
    return seeded_weights(7, shapes)


def _windows(num: int) -> np.ndarray:
    return np.random.default_rng(num).standard_normal((num, 1, 80, 16)).astype(np.float32)


def test_it_has_the_tensors_of_the_published_file(state: dict[str, torch.Tensor]) -> None:
    assert len(state) == 91
    assert sum(parameter.numel() for parameter in AudioEncoder().parameters()) == 2_812_672


@pytest.mark.parametrize("prefix", ["audio_encoder.", ""])
def test_a_file_is_loaded_strictly_with_the_prefix_or_without(
    tmp_path: Path, state: dict[str, torch.Tensor], prefix: str
) -> None:
    path = tmp_path / "audio_encoder.pth"
    named = {prefix + name.removeprefix("audio_encoder."): tensor for name, tensor in state.items()}
    torch.save(named, path)
    model = open_model(FeaturesConfig(model="ave", weights=str(path), device="cpu"), "windows")
    network = AudioEncoder().eval()
    network.load_state_dict(state)
    with torch.inference_mode():
        expected_ND = network(torch.from_numpy(_windows(3))).numpy()
    np.testing.assert_array_equal(model(_windows(3)), expected_ND)
    assert model.weights.startswith("sha256:")
    torch.save({name: named[name] for name in list(named)[1:]}, path)
    with pytest.raises(
        BadConfig, match=r"differs in 1 of 91 tensors .audio_encoder\.0\.conv_block\.0\.weight: missing"
    ):
        open_model(FeaturesConfig(model="ave", weights=str(path), device="cpu"), "windows")


def test_without_a_file_it_is_random_and_says_so_loudly(caplog: pytest.LogCaptureFixture) -> None:
    model = open_model(FeaturesConfig(model="ave", device="cpu", seed=7), "windows")
    assert model.weights == "seeded:7"
    assert "random weights" in caplog.text
    vectors_ND = model(_windows(70))
    assert vectors_ND.shape == (70, 512) and 0.01 < vectors_ND.std() < 100


def test_windows_of_another_shape_are_refused() -> None:
    model = open_model(FeaturesConfig(model="ave", device="cpu"), "windows")
    with pytest.raises(ValueError, match=r"windows must be float32 mel \[N,1,80,16\], not float32 \(2, 80, 16\)"):
        model(np.zeros((2, 80, 16), np.float32))


def test_a_stage_of_frames_does_not_take_it() -> None:
    with pytest.raises(BadConfig, match="ave takes windows, and this stage has frames: take inception_v3"):
        open_model(FeaturesConfig(model="ave"))
