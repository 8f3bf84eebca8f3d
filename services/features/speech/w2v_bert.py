"""Semantic features: the first layers of w2v-BERT 2.0 (https://huggingface.co/facebook/w2v-bert-2.0), a conformer whose
convolutions look back alone (Barrault et al. 2023, https://arxiv.org/abs/2312.05187). Names of tensors are those of its
checkpoints.

It computes what Wav2Vec2BertModel of transformers does, whose import takes seconds in every process, and whose
attention builds a vector for each pair of frames, [T, T, 64] a layer: 2.3 GB at a minute of sound. The
pairs have only left + right + 1 different distances, so here each query is multiplied with those (73 of the published
network), and the products are gathered; queries go in blocks, which bounds the scores too. Queries are scaled before
they are multiplied: by a power of 2 where a head is 64 wide, which rounds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.features.speech.pieces import first_steps, steps_from

# Queries at once: of 16 heads and a minute of sound their scores are 49 MB.
_BLOCK_QUERIES = 256
# Layers that are left out before the end: the features are hidden_states[17] of 24 layers.
SEMANTIC_LAYER = 17


@dataclass(frozen=True)
class W2vBertShape:
    """Sizes, under the names of the config.json that the published network has."""

    hidden_size: int = 1024
    num_attention_heads: int = 16
    intermediate_size: int = 4096
    feature_projection_input_dim: int = 160
    num_layers: int = SEMANTIC_LAYER
    left_max_position_embeddings: int = 64
    right_max_position_embeddings: int = 8
    conv_depthwise_kernel_size: int = 31

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} must be a multiple of {self.num_attention_heads} attention heads"
            )


def w2v_bert(shape: W2vBertShape) -> W2vBert:
    """The network for answers alone. Weights are not set: load them strictly."""
    return W2vBert(shape).eval().requires_grad_(False)


class W2vBert(nn.Module):
    """float [N, T, 160] filterbanks, int64 [N, T] mask of 1 inside and 0 in the padding -> [N, T, hidden_size]: the
    state after the last layer kept, in the dtype of the weights. Beyond a length it means nothing.
    """

    def __init__(self, shape: W2vBertShape) -> None:
        super().__init__()
        self.feature_projection = _Projection(shape)
        self.encoder = _Encoder(shape)

    def forward(self, filterbanks_NTC: Tensor, mask_NT: Tensor) -> Tensor:
        x_NTD: Tensor = self.encoder(self.feature_projection(filterbanks_NTC), mask_NT.bool())
        return x_NTD


class _Projection(nn.Module):
    def __init__(self, shape: W2vBertShape) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(shape.feature_projection_input_dim)
        self.projection = nn.Linear(shape.feature_projection_input_dim, shape.hidden_size)

    def forward(self, filterbanks_NTC: Tensor) -> Tensor:
        x_NTD: Tensor = self.projection(self.layer_norm(filterbanks_NTC))
        return x_NTD


class _Encoder(nn.Module):
    def __init__(self, shape: W2vBertShape) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.num_layers))

    def forward(self, x_NTD: Tensor, inside_NT: Tensor) -> Tensor:
        outside_NT1 = ~inside_NT[:, :, None]
        x_NTD = x_NTD.masked_fill(outside_NT1, 0.0)
        bias_N11T = torch.zeros_like(inside_NT, dtype=x_NTD.dtype)
        bias_N11T = bias_N11T.masked_fill(~inside_NT, torch.finfo(x_NTD.dtype).min)[:, None, None]
        for layer in self.layers:
            x_NTD = layer(x_NTD, bias_N11T, outside_NT1)
        return x_NTD


class _Layer(nn.Module):
    def __init__(self, shape: W2vBertShape) -> None:
        super().__init__()
        width = shape.hidden_size
        self.ffn1_layer_norm, self.ffn1 = nn.LayerNorm(width), _FeedForward(shape)
        self.self_attn_layer_norm, self.self_attn = nn.LayerNorm(width), GatheredAttention(shape)
        self.conv_module = _ConvModule(shape)
        self.ffn2_layer_norm, self.ffn2 = nn.LayerNorm(width), _FeedForward(shape)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x_NTD: Tensor, bias_N11T: Tensor, outside_NT1: Tensor) -> Tensor:
        x_NTD = self.ffn1(self.ffn1_layer_norm(x_NTD)) * 0.5 + x_NTD
        x_NTD = self.self_attn(self.self_attn_layer_norm(x_NTD), bias_N11T) + x_NTD
        x_NTD = x_NTD + self.conv_module(x_NTD, outside_NT1)
        x_NTD = self.ffn2(self.ffn2_layer_norm(x_NTD)) * 0.5 + x_NTD
        made_NTD: Tensor = self.final_layer_norm(x_NTD)
        return made_NTD


class _FeedForward(nn.Module):
    def __init__(self, shape: W2vBertShape) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(shape.hidden_size, shape.intermediate_size)
        self.output_dense = nn.Linear(shape.intermediate_size, shape.hidden_size)

    def forward(self, x_NTD: Tensor) -> Tensor:
        # In place: it is nobody else's, and the largest array of a layer.
        made_NTD: Tensor = self.output_dense(F.silu(self.intermediate_dense(x_NTD), inplace=True))
        return made_NTD


class _ConvModule(nn.Module):
    def __init__(self, shape: W2vBertShape) -> None:
        super().__init__()
        width, kernel = shape.hidden_size, shape.conv_depthwise_kernel_size
        self.layer_norm = nn.LayerNorm(width)
        self.pointwise_conv1 = nn.Conv1d(width, 2 * width, 1, bias=False)
        self.depthwise_conv = nn.Conv1d(width, width, kernel, groups=width, bias=False)
        self.depthwise_layer_norm = nn.LayerNorm(width)
        self.pointwise_conv2 = nn.Conv1d(width, width, 1, bias=False)

    def forward(self, x_NTD: Tensor, outside_NT1: Tensor) -> Tensor:
        x_NDT = self.layer_norm(x_NTD).masked_fill(outside_NT1, 0.0).transpose(1, 2)
        gated_NDT = F.glu(self.pointwise_conv1(x_NDT), dim=1)
        # A frame's convolution ends with the frame.
        mixed_NDT = self.depthwise_conv(F.pad(gated_NDT, (self.depthwise_conv.kernel_size[0] - 1, 0)))
        mixed_NDT = F.silu(self.depthwise_layer_norm(mixed_NDT.transpose(1, 2)).transpose(1, 2))
        return self.pointwise_conv2(mixed_NDT).transpose(1, 2)


class GatheredAttention(nn.Module):
    """Attention with a learnt vector for each distance, from `left` frames back to `right` ahead. num_at_once: how many
    queries are computed at once.
    """

    def __init__(self, shape: W2vBertShape, num_at_once: int = _BLOCK_QUERIES) -> None:
        super().__init__()
        width = shape.hidden_size
        self.num_heads = shape.num_attention_heads
        self.num_at_once = num_at_once
        self.left, self.right = shape.left_max_position_embeddings, shape.right_max_position_embeddings
        self.linear_q, self.linear_k = nn.Linear(width, width), nn.Linear(width, width)
        self.linear_v, self.linear_out = nn.Linear(width, width), nn.Linear(width, width)
        self.distance_embedding = nn.Embedding(self.left + self.right + 1, width // self.num_heads)

    def forward(self, x_NTD: Tensor, bias_N11T: Tensor) -> Tensor:
        """bias_N11T: added to the scores of each key."""
        query_NHTK, key_NHTK, value_NHTK = (
            linear(x_NTD).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for linear in (self.linear_q, self.linear_k, self.linear_v)
        )
        query_NHTK = query_NHTK * query_NHTK.shape[-1] ** -0.5
        pieces = []
        for first in first_steps(query_NHTK.shape[2], self.num_at_once):
            block = steps_from(first, self.num_at_once)
            scores_NHQT = self._scores(query_NHTK[:, :, block], key_NHTK, first)
            scores_NHQT += bias_N11T
            pieces.append(torch.softmax(scores_NHQT, dim=-1, out=scores_NHQT) @ value_NHTK)
        made_NTD: Tensor = self.linear_out(torch.cat(pieces, dim=2).transpose(1, 2).flatten(2))
        return made_NTD

    def _scores(self, query_NHQK: Tensor, key_NHTK: Tensor, first: int) -> Tensor:
        """The query is scaled. One array of scores is made, and the products with the keys are added to it in place."""
        by_distance_NHQR = query_NHQK @ self.distance_embedding.weight.to(query_NHQK.dtype).t()
        num_queries, num_keys = query_NHQK.shape[2], key_NHTK.shape[2]
        of_query_Q1 = torch.arange(first, first + num_queries, device=query_NHQK.device)[:, None]
        of_key_1T = torch.arange(num_keys, device=query_NHQK.device)[None]
        distance_QT = (of_key_1T - of_query_Q1).clamp(-self.left, self.right) + self.left
        scores_NHQT = by_distance_NHQR.gather(3, distance_QT.expand(*query_NHQK.shape[:2], -1, -1))
        key_MKT = key_NHTK.transpose(2, 3).flatten(0, 1)
        scores_NHQT.flatten(0, 1).baddbmm_(query_NHQK.flatten(0, 1), key_MKT)
        return scores_NHQT
