"""A few vectors of a sequence of any length, whatever pads it."""

import pytest
import torch

from services.features.runtimes.weights import seeded_weights
from services.features.speech.perceiver import Perceiver, PerceiverShape

_SHAPE = PerceiverShape(dim=12, context_dim=8, num_latents=3, heads=2)


@pytest.fixture(scope="module")
def perceiver() -> Perceiver:
    perceiver = Perceiver(_SHAPE)
    shapes = {name: tuple(tensor.shape) for name, tensor in perceiver.state_dict().items()}
    state = seeded_weights(3, shapes)
    state["norm.gamma"] = torch.ones(12)
    perceiver.load_state_dict(state, strict=True)
    return perceiver.eval().requires_grad_(False)


def test_the_hidden_layer_is_two_thirds_of_the_wide_one() -> None:
    assert (PerceiverShape().hidden, PerceiverShape(dim=1024).hidden) == (1706, 1365)


def test_the_padding_does_not_matter_not_even_as_nan(perceiver: Perceiver) -> None:
    context_TC = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    padded_NTC = torch.full((1, 9, 8), float("nan"))
    padded_NTC[0, :5] = context_TC
    inside_NT = torch.arange(9)[None] < 5
    made_NLD = perceiver(padded_NTC, inside_NT)
    assert made_NLD.shape == (1, 3, 12)
    alone_NLD = perceiver(context_TC[None], torch.ones(1, 5, dtype=torch.bool))
    torch.testing.assert_close(made_NLD, alone_NLD, rtol=0, atol=1e-5)


def test_what_comes_out_has_the_scale_of_gamma(perceiver: Perceiver) -> None:
    made_NLD = perceiver(torch.randn(1, 4, 8), torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(made_NLD.pow(2).mean(dim=-1), torch.ones(1, 3))


def test_a_size_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="heads must be at least 1, not 0"):
        PerceiverShape(heads=0)
