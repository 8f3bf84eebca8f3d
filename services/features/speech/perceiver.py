"""A perceiver resampler (Alayrac et al. 2022, https://arxiv.org/abs/2204.14198): a few learnt vectors that look at a
sequence of any length. Names of tensors are those of IndexTTS-2's checkpoints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_HEAD_WIDTH = 64
_DEPTH = 2


@dataclass(frozen=True)
class PerceiverShape:
    """dim: of what comes out. context_dim: of the sequence. num_latents: vectors that come out. mult: how much wider
    the hidden layer is than dim, before the two thirds of a gated one.
    """

    dim: int = 1280
    context_dim: int = 512
    num_latents: int = 32
    heads: int = 8
    mult: int = 2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")

    @property
    def hidden(self) -> int:
        return int(self.dim * self.mult * 2 / 3)


class Perceiver(nn.Module):
    """float32 [N, T, context_dim], bool [N, T] inside -> float32 [N, num_latents, dim]."""

    def __init__(self, shape: PerceiverShape) -> None:
        super().__init__()
        self.proj_context = nn.Linear(shape.context_dim, shape.dim)
        self.latents = nn.Parameter(torch.zeros(shape.num_latents, shape.dim))
        self.layers = nn.ModuleList(
            nn.ModuleList([_CrossAttention(shape.dim, shape.heads), _gated_feed_forward(shape)]) for _ in range(_DEPTH)
        )
        self.norm = _ScaledNorm(shape.dim)

    def forward(self, context_NTC: Tensor, inside_NT: Tensor) -> Tensor:
        context_NTD = self.proj_context(context_NTC)
        latents_NLD = self.latents.expand(context_NTC.shape[0], -1, -1)
        for layer in self.layers:
            attention, feed_forward = layer.children()
            latents_NLD = latents_NLD + attention(latents_NLD, context_NTD, inside_NT)
            latents_NLD = latents_NLD + feed_forward(latents_NLD)
        return self.norm(latents_NLD)


class _CrossAttention(nn.Module):
    """Latents look at themselves and at the context."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        width = heads * _HEAD_WIDTH
        self.to_q = nn.Linear(dim, width, bias=False)
        self.to_kv = nn.Linear(dim, 2 * width, bias=False)
        self.to_out = nn.Linear(width, dim, bias=False)

    def forward(self, latents_NLD: Tensor, context_NTD: Tensor, inside_NT: Tensor) -> Tensor:
        # What lies beyond a sequence's end must not matter, not even as NaN.
        context_NTD = context_NTD.masked_fill(~inside_NT[:, :, None], 0.0)
        key_NSE, value_NSE = self.to_kv(torch.cat([latents_NLD, context_NTD], dim=1)).chunk(2, dim=-1)
        query_NHLK, key_NHSK, value_NHSK = (
            x.unflatten(2, (self.heads, -1)).transpose(1, 2) for x in (self.to_q(latents_NLD), key_NSE, value_NSE)
        )
        scores_NHLS = query_NHLK @ key_NHSK.transpose(2, 3) / math.sqrt(_HEAD_WIDTH)
        outside_N11S = F.pad(~inside_NT, (latents_NLD.shape[1], 0), value=False)[:, None, None]
        scores_NHLS = scores_NHLS.masked_fill(outside_N11S, -torch.finfo(scores_NHLS.dtype).max)
        return self.to_out((scores_NHLS.softmax(dim=-1) @ value_NHSK).transpose(1, 2).flatten(2))


class _GatedGelu(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        value, gate = x.chunk(2, dim=-1)
        return F.gelu(gate) * value


def _gated_feed_forward(shape: PerceiverShape) -> nn.Sequential:
    return nn.Sequential(nn.Linear(shape.dim, 2 * shape.hidden), _GatedGelu(), nn.Linear(shape.hidden, shape.dim))


class _ScaledNorm(nn.Module):
    """Root mean square normalisation with a learnt scale."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        return F.normalize(x, dim=-1) * math.sqrt(x.shape[-1]) * self.gamma
