"""The networks of speech features give what the original model code gives, on weights and inputs made from names."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from services.features.speech.repcodec import CodecShape, SemanticCodec, codec_shapes, codec_state
from services.features.speech.voice import VoiceConditioner, VoiceShape


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


@pytest.fixture(scope="module")
def codec(by_name: ModuleType) -> SemanticCodec:
    shape = CodecShape()
    codec = SemanticCodec(shape)
    tensors = {name: torch.from_numpy(by_name.fill(name, size)) for name, size in codec_shapes(shape).items()}
    codec.load_state_dict(codec_state(tensors), strict=True)
    return codec.eval().requires_grad_(False)


@pytest.mark.parametrize("num_frames", [50, 131])
def test_codes_are_those_of_the_original(
    goldens: Path, by_name: ModuleType, codec: SemanticCodec, num_frames: int
) -> None:
    features_NTC = torch.from_numpy(by_name.normal(f"repcodec/features_{num_frames}", (1, num_frames, 1024)))
    with np.load(goldens / f"repcodec_{num_frames}.npz", allow_pickle=False) as golden:
        assert codec(features_NTC)[0].tolist() == golden["codes_T"].tolist()


def test_a_change_moves_no_code_beyond_39_frames(by_name: ModuleType, codec: SemanticCodec) -> None:
    features_NTC = torch.from_numpy(by_name.normal("repcodec/features_131", (1, 131, 1024)))
    changed_NTC = features_NTC.clone()
    changed_NTC[0, 65] *= -3.0
    before, after = codec.projected(features_NTC)[0], codec.projected(changed_NTC)[0]
    moved_T = (before != after).any(dim=1).nonzero()[:, 0]
    assert moved_T.min() >= 65 - 39
    assert moved_T.max() <= 65 + 39
    assert 65 in moved_T


def _keys(path: Path) -> dict[str, tuple[int, ...]]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#") and "[" in line]
    pairs = [line.split(" ", 1) for line in lines]
    return {name: tuple(int(n) for n in shape[1 : shape.index("]")].split(",")) for name, shape in pairs}


@pytest.fixture(scope="module")
def conditioners(goldens: Path, by_name: ModuleType) -> Callable[[bool], VoiceConditioner]:
    """One set of weights at full size (340 million numbers) for both ways of masking."""
    conditioner = VoiceConditioner(VoiceShape())
    state: dict[str, Any] = conditioner.state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == _keys(goldens / "conditioner.keys.txt")
    for name, tensor in state.items():
        if not name.endswith("pos_enc.pe"):
            tensor.copy_(torch.from_numpy(by_name.fill(name, tuple(tensor.shape))))
    conditioner.eval().requires_grad_(False)

    def masked(original_padding: bool) -> VoiceConditioner:
        for module in conditioner.modules():
            if hasattr(module, "original_padding"):
                module.original_padding = original_padding
        return conditioner

    return masked


def _apart(made: torch.Tensor, golden: np.ndarray[Any, Any]) -> list[float]:
    """The largest difference of each clip, as a share of the golden's spread."""
    return [float(np.abs(m.numpy() - g).max() / golden.std()) for m, g in zip(made, golden, strict=True)]


@pytest.mark.parametrize("original_padding", [False, True])
def test_the_voice_is_that_of_the_original(
    goldens: Path, by_name: ModuleType, conditioners: Callable[[bool], VoiceConditioner], original_padding: bool
) -> None:
    """The shorter clip equals the original's only as the original masks, whose padding leaks into it."""
    features_NTC = torch.from_numpy(by_name.normal("conditioner/features", (2, 120, 1024)))
    conditioner = conditioners(original_padding)
    condition_NLD, emotion_ND = conditioner(features_NTC, torch.tensor([120, 77]))
    with np.load(goldens / "conditioner.npz", allow_pickle=False) as golden:
        for apart in (_apart(condition_NLD, golden["condition_N32x1280"]), _apart(emotion_ND, golden["emo_vec_N1280"])):
            assert apart[0] < 1e-4
            assert apart[1] < 1e-4 if original_padding else apart[1] > 1e-2
    if not original_padding:
        alone = conditioner(features_NTC[1:, :77], torch.tensor([77]))
        for beside, by_itself in zip((condition_NLD, emotion_ND), alone, strict=True):
            assert float((beside[1] - by_itself[0]).abs().max() / by_itself.std()) < 2e-5
