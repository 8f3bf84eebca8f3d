"""Semantic codes: the encoder and the quantiser of RepCodec (Huang et al. 2023, https://arxiv.org/abs/2309.00169), as
MaskGCT trained it. Its decoder is not needed for codes.

A code depends on the 3 * (num_layers + 1) frames on either side of it (39 of the published network), so that what lies
beyond a sequence's end must be silence to each convolution, whatever a batch padded it with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_KERNEL = 7
_NORM_EPS = 1e-6


@dataclass(frozen=True)
class CodecShape:
    """Sizes, under the names of `semantic_codec` in an IndexTTS-2 config."""

    codebook_size: int = 8192
    hidden_size: int = 1024
    codebook_dim: int = 8
    vocos_dim: int = 384
    vocos_intermediate_dim: int = 2048
    vocos_num_layers: int = 12

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"semantic_codec.{name} must be at least 1, not {value}")

    @property
    def reach(self) -> int:
        """Frames on either side that a code depends on."""
        return _KERNEL // 2 * (self.vocos_num_layers + 1)


class SemanticCodec(nn.Module):
    """float32 [N, T, hidden_size] features, int64 [N] lengths or None -> int64 [N, T] codes in 0..codebook_size-1.

    Codes beyond a length mean nothing.
    """

    def __init__(self, shape: CodecShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = nn.Sequential(_Backbone(shape), nn.Linear(shape.vocos_dim, shape.hidden_size))
        self.in_project = nn.Linear(shape.hidden_size, shape.codebook_dim)
        self.codebook = nn.Embedding(shape.codebook_size, shape.codebook_dim)

    def forward(self, features_NTC: Tensor, lengths_N: Tensor | None = None) -> Tensor:
        vectors_NTD = F.normalize(self.projected(features_NTC, lengths_N), dim=-1)
        entries_KD = F.normalize(self.codebook.weight, dim=-1)
        # The nearest of unit vectors, by the distance that the original computes.
        distance_NTK = (
            vectors_NTD.pow(2).sum(-1, keepdim=True) - 2 * vectors_NTD @ entries_KD.t() + entries_KD.pow(2).sum(-1)
        )
        return distance_NTK.neg().max(dim=-1).indices

    def projected(self, features_NTC: Tensor, lengths_N: Tensor | None = None) -> Tensor:
        """float32 [N, T, codebook_dim]: what is compared with the codebook."""
        return self.in_project(self.encoder[1](self.encoder[0](features_NTC, lengths_N)))


class _Backbone(nn.Module):
    def __init__(self, shape: CodecShape) -> None:
        super().__init__()
        self.embed = nn.Conv1d(shape.hidden_size, shape.vocos_dim, _KERNEL, padding=_KERNEL // 2)
        self.norm = nn.LayerNorm(shape.vocos_dim, _NORM_EPS)
        self.convnext = nn.ModuleList(_ConvNeXtBlock(shape) for _ in range(shape.vocos_num_layers))
        self.final_layer_norm = nn.LayerNorm(shape.vocos_dim, _NORM_EPS)

    def forward(self, x_NTC: Tensor, lengths_N: Tensor | None) -> Tensor:
        outside_NT1 = None
        if lengths_N is not None:
            outside_NT1 = (torch.arange(x_NTC.shape[1], device=x_NTC.device) >= lengths_N[:, None])[:, :, None]
        x_NTD = self.norm(self.embed(_silenced(x_NTC, outside_NT1).transpose(1, 2)).transpose(1, 2))
        for block in self.convnext:
            x_NTD = block(x_NTD, outside_NT1)
        return self.final_layer_norm(x_NTD)


class _ConvNeXtBlock(nn.Module):
    def __init__(self, shape: CodecShape) -> None:
        super().__init__()
        width = shape.vocos_dim
        self.dwconv = nn.Conv1d(width, width, _KERNEL, padding=_KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width, _NORM_EPS)
        self.pwconv1 = nn.Linear(width, shape.vocos_intermediate_dim)
        self.pwconv2 = nn.Linear(shape.vocos_intermediate_dim, width)
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x_NTD: Tensor, outside_NT1: Tensor | None) -> Tensor:
        mixed_NTD = self.dwconv(_silenced(x_NTD, outside_NT1).transpose(1, 2)).transpose(1, 2)
        return x_NTD + self.gamma * self.pwconv2(F.gelu(self.pwconv1(self.norm(mixed_NTD))))


def _silenced(x_NTC: Tensor, outside_NT1: Tensor | None) -> Tensor:
    # Replaced, not multiplied: the padding may hold NaN.
    return x_NTC if outside_NT1 is None else x_NTC.masked_fill(outside_NT1, 0.0)


_QUANTIZER = "quantizer.quantizers.0."


def codec_shapes(shape: CodecShape) -> dict[str, tuple[int, ...]]:
    """The tensors that a RepCodec file must hold for codes, by their names there, with their shapes."""
    own = {name: tuple(tensor.shape) for name, tensor in SemanticCodec(shape).state_dict().items()}
    shapes = {name: size for name, size in own.items() if name.startswith("encoder.")}
    shapes[f"{_QUANTIZER}in_project.bias"] = (shape.codebook_dim,)
    shapes[f"{_QUANTIZER}in_project.weight_g"] = (shape.codebook_dim, 1, 1)
    shapes[f"{_QUANTIZER}in_project.weight_v"] = (shape.codebook_dim, shape.hidden_size, 1)
    shapes[f"{_QUANTIZER}codebook.weight"] = (shape.codebook_size, shape.codebook_dim)
    return shapes


def codec_state(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under the names of a RepCodec file -> the state of `SemanticCodec`: its weight norm is multiplied out."""
    state = {name: tensor for name, tensor in tensors.items() if name.startswith("encoder.")}
    direction_DC1 = tensors[f"{_QUANTIZER}in_project.weight_v"]
    scale_D11 = tensors[f"{_QUANTIZER}in_project.weight_g"]
    weight_DC1 = direction_DC1 * (scale_D11 / direction_DC1.norm(dim=(1, 2), keepdim=True))
    state["in_project.weight"] = weight_DC1[:, :, 0]
    state["in_project.bias"] = tensors[f"{_QUANTIZER}in_project.bias"]
    state["codebook.weight"] = tensors[f"{_QUANTIZER}codebook.weight"]
    return state
