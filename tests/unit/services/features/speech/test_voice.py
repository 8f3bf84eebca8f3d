"""Both paths of the voice's conditioning at a small width, made from a config's numbers."""

from typing import Any

import pytest
import torch

from services.features.runtimes.weights import seeded_weights
from services.features.speech.voice import VoiceConditioner, VoiceShape

_GPT: dict[str, Any] = {
    "model_dim": 20,
    "condition_module": {
        "output_size": 16, "linear_units": 24, "attention_heads": 2, "num_blocks": 2, "input_layer": "conv2d2",
        "perceiver_mult": 2,
    },
    "emo_condition_module": {
        "output_size": 8, "linear_units": 12, "attention_heads": 1, "num_blocks": 1, "input_layer": "conv2d2",
        "perceiver_mult": 2,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def conditioner() -> VoiceConditioner:
    conditioner = VoiceConditioner(VoiceShape.from_config(_GPT, input_size=12))
    shapes = {name: tuple(tensor.shape) for name, tensor in conditioner.state_dict().items()}
    conditioner.load_state_dict(seeded_weights(4, shapes), strict=True)
    return conditioner.eval().requires_grad_(False)


def test_a_voice_is_32_vectors_and_one(conditioner: VoiceConditioner) -> None:
    condition_NLD, emotion_ND = conditioner(torch.randn(2, 30, 12), torch.tensor([30, 11]))
    assert (condition_NLD.shape, emotion_ND.shape) == ((2, 32, 20), (2, 20))


@pytest.mark.parametrize("num_frames", [3, 4, 17])
def test_the_same_clip_gives_the_same_vectors_in_a_batch(conditioner: VoiceConditioner, num_frames: int) -> None:
    features_NTC = torch.randn(2, 40, 12, generator=torch.Generator().manual_seed(num_frames))
    together = conditioner(features_NTC, torch.tensor([40, num_frames]))
    alone = conditioner(features_NTC[1:, :num_frames], torch.tensor([num_frames]))
    for beside, by_itself in zip(together, alone, strict=True):
        torch.testing.assert_close(beside[1], by_itself[0], rtol=0, atol=2e-5 * float(by_itself.std()))


def test_sizes_come_from_the_config() -> None:
    shape = VoiceShape.from_config(_GPT, input_size=12)
    assert (shape.model_dim, shape.speaker.linear_units, shape.emotion.num_blocks) == (20, 24, 1)
    with pytest.raises(KeyError, match="emo_condition_module"):
        VoiceShape.from_config({"model_dim": 20, "condition_module": _GPT["condition_module"]})
