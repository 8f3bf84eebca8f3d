"""The networks of talking heads give what the original model code gives, on weights and inputs made from names."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from services.lips.talker_input import SOUND_SHAPES
from services.training.talker.networks.syncnet import SyncNet
from services.training.talker.networks.unet import UNet


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


def filled(module: torch.nn.Module, by_name: ModuleType, gain: float) -> torch.nn.Module:
    state = {
        k: torch.from_numpy(np.asarray(by_name.fill(k, tuple(v.shape), gain=gain)))
        for k, v in module.state_dict().items()
    }
    module.load_state_dict(state, strict=True)
    return module.eval().requires_grad_(False)


def keys_of(testdata: Path, heading: str) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the weights below a heading of the list of keys."""
    text = (testdata / "specs/keys/state_dict_synctalk2d_ultralight_pfld.txt").read_text()
    section = next(part for part in text.split("## ") if part.startswith(heading))
    lines = [line.split("(buffer)")[0].strip() for line in section.splitlines()[1:] if line.strip()]
    named = [line.partition(" ") for line in lines]
    return {name: tuple(int(n) for n in shape.strip(" []").split(",") if n.strip()) for name, _, shape in named}


@pytest.mark.parametrize("asr_model", ["ave", "hubert"])
def test_syncnet_gives_what_the_original_gives(goldens: Path, by_name: ModuleType, asr_model: str) -> None:
    network = filled(SyncNet(asr_model), by_name, 1.4)
    face = torch.from_numpy(by_name.uniform(f"syncnet_{asr_model}/face", (2, 3, 320, 320)))
    shape = SOUND_SHAPES[asr_model][:3]
    sound = torch.from_numpy(by_name.normal(f"syncnet_{asr_model}/audio", (2, *shape)))
    sounds, faces = network(face, sound)
    with np.load(goldens / f"syncnet_{asr_model}.npz", allow_pickle=False) as golden:
        for made, name in ((sounds, "audio_embedding_N4608"), (faces, "face_embedding_N4608")):
            assert np.abs(made.numpy() - golden[name]).max() < 2e-5 * golden[name].std()


@pytest.mark.parametrize("asr_model", ["ave", "hubert"])
def test_syncnet_has_the_originals_weights(testdata: Path, asr_model: str) -> None:
    network = SyncNet(asr_model)
    assert {k: tuple(v.shape) for k, v in network.state_dict().items()} == keys_of(testdata, f"syncnet_328 {asr_model}")
    assert sum(p.numel() for p in network.parameters()) == 25_147_616


@pytest.mark.parametrize("asr_model", ["ave", "hubert", "wenet"])
def test_unet_gives_what_the_original_gives(goldens: Path, by_name: ModuleType, asr_model: str) -> None:
    network = filled(UNet(asr_model), by_name, 1.3)
    pictures = torch.from_numpy(by_name.uniform(f"unet_{asr_model}/image", (1, 6, 320, 320)))
    sound = torch.from_numpy(by_name.normal(f"unet_{asr_model}/audio", (1, *SOUND_SHAPES[asr_model][:3])))
    made = network(pictures, sound).numpy()
    with np.load(goldens / f"unet_{asr_model}.npz", allow_pickle=False) as golden:
        expected = golden["image_every_8th_px_N3HW"]
        assert np.abs(made[:, :, ::8, ::8] - expected).max() < 1e-4 * expected.std()
        assert [made.mean(), made.std()] == pytest.approx(golden["mean_std"].tolist(), abs=1e-5)


@pytest.mark.parametrize("asr_model", ["ave", "hubert", "wenet"])
@pytest.mark.parametrize(("heading", "face_px"), [("unet_328", 320), ("unet160", 160)])
def test_unet_has_the_originals_weights(testdata: Path, asr_model: str, heading: str, face_px: int) -> None:
    network = UNet(asr_model, face_px)
    assert {k: tuple(v.shape) for k, v in network.state_dict().items()} == keys_of(testdata, f"{heading} {asr_model}")
