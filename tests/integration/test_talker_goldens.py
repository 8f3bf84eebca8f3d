"""Features of talking heads are those of the original code, on weights and inputs made from names."""

import importlib.util
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from services.audio.stage import open_stage as open_audio
from services.base.media.clip import Media
from services.containers.audio.config import AudioConfig
from services.features.opening import open_model
from services.features.spec import FeaturesConfig
from services.features.talker.ave.encoder import AudioEncoder
from services.features.talker.mel import mel_rows


@pytest.fixture(scope="module")
def goldens(testdata: Path) -> Path:
    return testdata / "data" / "golden" / "models"


@pytest.fixture(scope="module")
def by_name(goldens: Path) -> ModuleType:
    """The functions that weights and inputs are made by."""
    spec = importlib.util.spec_from_file_location("fill_by_name", goldens / "fill_by_name.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_spectrogram_is_that_of_the_original(testdata: Path, goldens: Path) -> None:
    with open_audio(AudioConfig())(Media.of_file(testdata / "data/speech/voice_01.wav")) as stream:
        samples_T = np.concatenate([chunk.samples_TC[:, 0] for chunk in stream])
        num_samples = math.ceil(stream.facts().num_decoded * 16_000 / stream.info.source_rate_hz)
    # What soxr rounds off, librosa fills up with silence.
    samples_T = np.pad(samples_T, (0, num_samples - len(samples_T)))
    with np.load(goldens / "ave_mel.npz", allow_pickle=False) as golden:
        assert num_samples == golden["num_samples"]
        rows_TB = np.concatenate(list(mel_rows([samples_T])))
        assert rows_TB.shape == (golden["num_frames"], 80)
        np.testing.assert_allclose(rows_TB, golden["mel_80T"].T, rtol=0, atol=1e-5)


def test_the_audio_encoder_is_that_of_the_original(tmp_path: Path, goldens: Path, by_name: ModuleType) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in AudioEncoder().state_dict().items()}
    tensors = {key: torch.from_numpy(np.array(by_name.fill(key, shape, gain=1.4))) for key, shape in shapes.items()}
    torch.save(tensors, tmp_path / "audio_encoder.pth")
    config = FeaturesConfig(model="ave", weights=str(tmp_path / "audio_encoder.pth"), device="cpu")
    with np.load(goldens / "audio_encoder.npz", allow_pickle=False) as golden:
        expected_ND = golden["embedding_N512"]
        found_ND = open_model(config, "windows")(by_name.normal("audio_encoder/mel", (3, 1, 80, 16)))
        np.testing.assert_allclose(found_ND, expected_ND, rtol=0, atol=2e-5 * expected_ND.std())
