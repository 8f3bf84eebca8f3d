"""The conformer at a small width: a sequence's frames are the same beside a longer one, and its front in pieces."""

import pytest
import torch
from torch import Tensor

from services.features.runtimes.weights import seeded_weights
from services.features.speech import conformer as module
from services.features.speech.conformer import Conformer, ConformerShape, halved, sinusoids

_SHAPE = ConformerShape(input_size=12, output_size=16, linear_units=24, attention_heads=2, num_blocks=2)


def _conformer(original_padding: bool = False) -> Conformer:
    conformer = Conformer(_SHAPE, original_padding)
    state = conformer.state_dict()
    seeded = seeded_weights(2, {name: tuple(tensor.shape) for name, tensor in state.items()})
    seeded["embed.pos_enc.pe"] = state["embed.pos_enc.pe"]
    # The leak of the original is that of this bias.
    for name in seeded:
        if name.endswith("pointwise_conv1.bias"):
            seeded[name] = torch.ones_like(seeded[name])
    conformer.load_state_dict(seeded, strict=True)
    return conformer.eval().requires_grad_(False)


def _features(num_frames: int, seed: int = 0) -> Tensor:
    return torch.randn(num_frames, 12, generator=torch.Generator().manual_seed(seed))


def _beside(short_TC: Tensor, long_TC: Tensor, filling: float) -> Tensor:
    padded_NTC = torch.full((2, *long_TC.shape), filling)
    padded_NTC[0, : len(short_TC)], padded_NTC[1] = short_TC, long_TC
    return padded_NTC


def test_time_is_halved() -> None:
    assert halved(torch.tensor([3, 4, 5, 77, 120])).tolist() == [1, 1, 2, 38, 59]
    frames_NTD, inside_NT = _conformer()(_features(7)[None], torch.tensor([7]))
    assert (frames_NTD.shape, inside_NT.tolist()) == ((1, 3, 16), [[True] * 3])


def test_the_same_clip_gives_the_same_frames_in_a_batch() -> None:
    conformer, short_TC, long_TC = _conformer(), _features(21), _features(50, seed=1)
    together_NTD, inside_NT = conformer(_beside(short_TC, long_TC, 7.0), torch.tensor([21, 50]))
    alone_NTD, _ = conformer(short_TC[None], torch.tensor([21]))
    assert inside_NT.sum(dim=1).tolist() == [10, 24]
    torch.testing.assert_close(together_NTD[0, :10], alone_NTD[0], rtol=0, atol=1e-5)


def test_as_the_original_masks_the_padding_leaks() -> None:
    conformer, short_TC, long_TC = _conformer(original_padding=True), _features(21), _features(50, seed=1)
    together_NTD, _ = conformer(_beside(short_TC, long_TC, 0.0), torch.tensor([21, 50]))
    alone_NTD, _ = conformer(short_TC[None], torch.tensor([21]))
    assert float((together_NTD[0, :10] - alone_NTD[0]).abs().max()) > 1e-2


def test_alone_both_maskings_agree() -> None:
    features_NTC, lengths_N = _features(30)[None], torch.tensor([30])
    ours, original = (_conformer(padding)(features_NTC, lengths_N)[0] for padding in (False, True))
    assert torch.equal(ours, original)


def test_the_front_in_pieces_is_the_front(monkeypatch: pytest.MonkeyPatch) -> None:
    front, features_NTC = _conformer().embed, torch.stack([_features(61), _features(61, seed=1)])
    whole_NTD = front.out(front.conv(features_NTC[:, None]).transpose(1, 2).flatten(2))
    monkeypatch.setattr(module, "_FRONT_CHANNELS", 5)
    monkeypatch.setattr(front, "num_at_once", 7)
    torch.testing.assert_close(front(features_NTC), whole_NTD, rtol=0, atol=1e-6)
    assert whole_NTD.shape == (2, 30, 16)


def test_positions_come_from_the_file() -> None:
    conformer, lengths_N = _conformer(), torch.tensor([30])
    before_NTD, _ = conformer(_features(30)[None], lengths_N)
    conformer.embed.pos_enc.pe.mul_(0.5)
    after_NTD, _ = conformer(_features(30)[None], lengths_N)
    assert not torch.equal(before_NTD, after_NTD)


def test_sines_and_cosines_take_turns() -> None:
    table_TD = sinusoids(8, 4)
    assert table_TD[0].tolist() == [0.0, 1.0] * 4
    torch.testing.assert_close(table_TD[3, :2], torch.tensor([3.0]).sin().repeat(2) * torch.tensor([1.0, 0.0]) +
                               torch.tensor([3.0]).cos() * torch.tensor([0.0, 1.0]))  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "what"),
    [
        ({"output_size": 10, "attention_heads": 4}, "must be a multiple of 4 heads"),
        ({"num_blocks": 0}, "num_blocks must be at least 1"),
        ({"input_size": 2}, "input_size must be at least 3"),
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes: dict[str, int], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        ConformerShape(**sizes)
