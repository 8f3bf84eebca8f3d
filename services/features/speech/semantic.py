"""A network of sequences: a small transformer encoder (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762).

It holds the place of semantic models: any network from float32 [T, C] to float32 [T, D] is carried the same way, padded
with lengths. Here a sequence's answer is the same whatever it was padded to and whoever was beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class EncoderShape:
    """channels_in: of a sequence, C. width: of the network and of its answer, D; a multiple of num_heads, even."""

    channels_in: int = 80
    width: int = 128
    num_heads: int = 4
    num_layers: int = 2

    def __post_init__(self) -> None:
        if min(self.channels_in, self.width, self.num_heads, self.num_layers) < 1:
            raise ValueError(f"every part of an encoder's shape must be at least 1: {self}")
        if self.width % self.num_heads or self.width % 2:
            raise ValueError(f"width {self.width} must be even and a multiple of {self.num_heads} heads")


class EncoderLayer(nn.Module):
    """Attention and two linear layers, each on normalised input and added to it."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm_attention, self.norm_linear = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_query_key_value = nn.Linear(width, 3 * width)
        self.to_output = nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x_NTD: Tensor, bias_N11T: Tensor) -> Tensor:
        x_NTD = x_NTD + self._attend(self.norm_attention(x_NTD), bias_N11T)
        return x_NTD + self.narrow(F.relu(self.widen(self.norm_linear(x_NTD))))

    def _attend(self, x_NTD: Tensor, bias_N11T: Tensor) -> Tensor:
        heads = self.to_query_key_value(x_NTD).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = heads[0], heads[1], heads[2]
        scores_NHTT = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1]) + bias_N11T
        attended_NTD = (scores_NHTT.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)
        return self.to_output(attended_NTD)


class SemanticEncoder(nn.Module):
    """float32 [N, T, C] padded at the end, int64 [N] lengths in 1..T -> float32 [N, T, D], 0 beyond each length."""

    def __init__(self, shape: EncoderShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or EncoderShape()
        self.project = nn.Linear(shape.channels_in, shape.width)
        self.layers = nn.ModuleList(EncoderLayer(shape.width, shape.num_heads) for _ in range(shape.num_layers))
        self.norm = nn.LayerNorm(shape.width)
        steps = torch.arange(0, shape.width, 2, dtype=torch.float32) / shape.width
        self.register_buffer("_frequencies", torch.exp(-math.log(10_000.0) * steps), persistent=False)

    def forward(self, sequences_NTC: Tensor, lengths_N: Tensor) -> Tensor:
        time_T = torch.arange(sequences_NTC.shape[1], device=sequences_NTC.device)
        inside_NT = time_T[None] < lengths_N[:, None]
        angles_TF = time_T[:, None] * self._frequencies[None]
        # What lies in the padding must not matter, not even as NaN: it is replaced, never multiplied away.
        inputs_NTC = torch.where(inside_NT[:, :, None], sequences_NTC, torch.zeros_like(sequences_NTC))
        x_NTD = self.project(inputs_NTC) + torch.cat([angles_TF.sin(), angles_TF.cos()], dim=1)
        bias_N11T = torch.where(inside_NT, 0.0, -math.inf)[:, None, None]
        for layer in self.layers:
            x_NTD = layer(x_NTD, bias_N11T)
        return self.norm(x_NTD) * inside_NT[:, :, None]
