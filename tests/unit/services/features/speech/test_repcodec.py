"""Semantic codes at a small width: padding, neighbours and far frames do not matter, files are read by their names."""

import copy

import pytest
import torch
from torch import Tensor

from services.features.runtimes.weights import seeded_weights
from services.features.speech.repcodec import CodecShape, SemanticCodec, codec_shapes, codec_state

_SHAPE = CodecShape(
    codebook_size=64, hidden_size=16, codebook_dim=4, vocos_dim=12, vocos_intermediate_dim=24, vocos_num_layers=3
)


@pytest.fixture(scope="module")
def codec() -> SemanticCodec:
    codec = SemanticCodec(_SHAPE)
    codec.load_state_dict(codec_state(seeded_weights(1, codec_shapes(_SHAPE))), strict=True)
    return codec.eval().requires_grad_(False)


def _features(num_frames: int, seed: int = 0) -> Tensor:
    return torch.randn(num_frames, 16, generator=torch.Generator().manual_seed(seed))


def test_codes_are_indices_of_the_codebook(codec: SemanticCodec) -> None:
    codes_NT = codec(_features(40)[None])
    assert (codes_NT.shape, codes_NT.dtype) == ((1, 40), torch.int64)
    assert 0 <= int(codes_NT.min()) <= int(codes_NT.max()) < 64


def test_what_pads_a_sequence_changes_no_code(codec: SemanticCodec) -> None:
    short_TC, long_TC = _features(9), _features(30, seed=1)
    padded_NTC = torch.full((2, 30, 16), float("nan"))
    padded_NTC[0, :9], padded_NTC[1] = short_TC, long_TC
    codes_NT = codec(padded_NTC, torch.tensor([9, 30]))
    assert torch.equal(codes_NT[0, :9], codec(short_TC[None])[0])
    assert torch.equal(codes_NT[1], codec(long_TC[None])[0])


def test_a_frame_reaches_three_frames_a_convolution_and_no_further(codec: SemanticCodec) -> None:
    assert (_SHAPE.reach, CodecShape().reach) == (12, 39)
    double = copy.deepcopy(codec).double()
    features_TC = _features(60).double()
    changed_TC = features_TC.clone()
    changed_TC[30] += 100.0
    before, after = double.projected(features_TC[None])[0], double.projected(changed_TC[None])[0]
    differs_T = (before != after).any(dim=1)
    assert differs_T[30 - 12] and differs_T[30 + 12]
    assert not differs_T[: 30 - 12].any() and not differs_T[30 + 13 :].any()


def test_weight_norm_is_multiplied_out(codec: SemanticCodec) -> None:
    tensors = seeded_weights(1, codec_shapes(_SHAPE))
    tensors["quantizer.quantizers.0.in_project.weight_g"] = torch.full((4, 1, 1), 3.0)
    norms_D = codec_state(tensors)["in_project.weight"].norm(dim=1)
    torch.testing.assert_close(norms_D, torch.full((4,), 3.0))


def test_a_size_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"vocos_dim must be at least 1, not 0"):
        CodecShape(vocos_dim=0)
