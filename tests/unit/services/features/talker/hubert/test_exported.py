"""The exported network answers as the one on torch, for a sound of any length; it is exported once a machine."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from tiny_hubert import write_hubert

from services.base.errors import BadConfig
from services.features.backend import FeatureModel
from services.features.talker.hubert.exported import open_onnx_hubert
from services.features.talker.hubert.loaded import open_torch_hubert
from services.features.talker.hubert.models import models_of
from services.features.talker.spec import AudioFeaturesConfig


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> AudioFeaturesConfig:
    weights = write_hubert(tmp_path_factory.mktemp("hubert"))
    return AudioFeaturesConfig(model="hubert", weights=weights, backend="onnxruntime")


@pytest.fixture(scope="module")
def kept(config: AudioFeaturesConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[FeatureModel, Path]:
    """Opened twice, and the file that it was exported to: 5 s of a core."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        open_onnx_hubert(config)
        (file,) = (cache / "visemill" / "exports").glob("*.onnx")
        inode = file.stat().st_ino
        model = open_onnx_hubert(config)
    assert file.stat().st_ino == inode and len(list(file.parent.glob("*.onnx"))) == 1
    return model, file


def _steps(num: int) -> np.ndarray:
    return np.random.default_rng(num).standard_normal((1, num, 400)).astype(np.float32)


@pytest.mark.parametrize("num_steps", [1, 2, 51, 1000])
def test_it_answers_as_the_one_on_torch(
    config: AudioFeaturesConfig, kept: tuple[FeatureModel, Path], num_steps: int
) -> None:
    on_torch = open_torch_hubert(dataclasses.replace(config, backend="torch", device="cpu"))
    found, expected = (model(_steps(num_steps)) for model in (kept[0], on_torch))
    assert found.shape == (1, num_steps, 16)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * expected.std())
    assert kept[0].weights == on_torch.weights == models_of(config)["hubert"]


def test_the_file_itself_may_be_named(config: AudioFeaturesConfig, kept: tuple[FeatureModel, Path]) -> None:
    model, file = kept
    named = dataclasses.replace(config, weights=str(file))
    np.testing.assert_array_equal(open_onnx_hubert(named)(_steps(9)), model(_steps(9)))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"no graph")
    config = AudioFeaturesConfig(model="hubert", backend="onnxruntime", weights=str(tmp_path / "other.onnx"))
    with pytest.raises(BadConfig, match="visemill models export hubert"):
        open_onnx_hubert(config)
