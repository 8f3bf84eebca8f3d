"""w2v-BERT as transformers has it: the same states, fewer layers, whatever pads a clip."""

from typing import Any

import pytest
import torch
from transformers import Wav2Vec2BertConfig, Wav2Vec2BertModel

from services.features.speech.w2v_bert import W2vBertShape, w2v_bert

_SHAPE = W2vBertShape(
    hidden_size=32, num_attention_heads=4, intermediate_size=48, feature_projection_input_dim=160, num_layers=2
)


@pytest.fixture(scope="module")
def original() -> Any:
    """Transformers' own, with one layer more."""
    torch.manual_seed(5)
    config = Wav2Vec2BertConfig(
        hidden_size=32, num_attention_heads=4, intermediate_size=48, num_hidden_layers=3, apply_spec_augment=False,
        attn_implementation="eager",
    )  # fmt: skip
    return Wav2Vec2BertModel(config).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def ours(original: Any) -> Any:
    model = w2v_bert(_SHAPE)
    kept = {
        name: tensor
        for name, tensor in original.state_dict().items()
        if "layers.2." not in name and name != "masked_spec_embed"
    }
    model.load_state_dict(kept, strict=True)
    return model


@pytest.fixture(scope="module")
def batch() -> dict[str, torch.Tensor]:
    """Under the names that transformers gives them."""
    mask_NT = torch.ones(2, 300, dtype=torch.int64)
    mask_NT[1, 90:] = 0
    features_NTC = torch.randn(2, 300, 160, generator=torch.Generator().manual_seed(6))
    return {"input_features": features_NTC, "attention_mask": mask_NT}


def test_the_last_state_kept_is_that_layers_state(original: Any, ours: Any, batch: dict[str, torch.Tensor]) -> None:
    states = original(**batch, output_hidden_states=True).hidden_states
    torch.testing.assert_close(ours(*batch.values()), states[2], rtol=0, atol=2e-6)


@pytest.mark.parametrize("num_at_once", [1, 7, 1000])
def test_blocks_of_queries_decide_nothing(ours: Any, batch: dict[str, torch.Tensor], num_at_once: int) -> None:
    expected = ours(*batch.values())
    before = [layer.self_attn.num_at_once for layer in ours.encoder.layers]
    for layer in ours.encoder.layers:
        layer.self_attn.num_at_once = num_at_once
    made = ours(*batch.values())
    for layer, queries in zip(ours.encoder.layers, before, strict=True):
        layer.self_attn.num_at_once = queries
    torch.testing.assert_close(made, expected, rtol=0, atol=2e-6)


def test_the_same_clip_gives_the_same_states_in_a_batch(ours: Any, batch: dict[str, torch.Tensor]) -> None:
    together = ours(*batch.values())[1, :90]
    alone = ours(batch["input_features"][1:, :90], torch.ones(1, 90, dtype=torch.int64))
    torch.testing.assert_close(together, alone[0], rtol=0, atol=1e-5)


def test_sizes_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="must be a multiple of 3 attention heads"):
        W2vBertShape(hidden_size=32, num_attention_heads=3)
    with pytest.raises(ValueError, match="num_layers must be at least 1"):
        W2vBertShape(num_layers=0)
