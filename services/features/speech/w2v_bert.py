"""Semantic features: the first layers of w2v-BERT 2.0 (https://huggingface.co/facebook/w2v-bert-2.0), by transformers'
classes, with an attention of our own.

transformers' attention builds a vector for each pair of frames, [T, T, 64] a layer: 2.3 GB at a minute of sound. The
pairs have only left + right + 1 different distances, so here each query is multiplied with those (73 of the published
network), and the products are gathered; queries go in blocks, which bounds the scores too. Queries are scaled before
they are multiplied: by a power of 2 where a head is 64 wide, which rounds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from services.features.speech.filterbank import audio_libraries_hidden
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


def w2v_bert(shape: W2vBertShape) -> nn.Module:
    """float32 `input_features` [N, T, 160], int64 `attention_mask` [N, T] -> an output whose `last_hidden_state` is
    float32 [N, T, hidden_size]: the state after the last layer kept. Weights are not set: load them strictly.
    """
    with audio_libraries_hidden():
        from transformers import Wav2Vec2BertConfig, Wav2Vec2BertModel

    config = Wav2Vec2BertConfig(
        hidden_size=shape.hidden_size,
        num_attention_heads=shape.num_attention_heads,
        intermediate_size=shape.intermediate_size,
        feature_projection_input_dim=shape.feature_projection_input_dim,
        num_hidden_layers=shape.num_layers,
        left_max_position_embeddings=shape.left_max_position_embeddings,
        right_max_position_embeddings=shape.right_max_position_embeddings,
        conv_depthwise_kernel_size=shape.conv_depthwise_kernel_size,
        position_embeddings_type="relative_key",
        hidden_act="swish",
        add_adapter=False,
        # Nothing of training: no frame is masked, no layer is dropped.
        apply_spec_augment=False,
        attn_implementation="eager",
    )
    model: Any = Wav2Vec2BertModel(config)
    for layer in model.encoder.layers:
        layer.self_attn = GatheredAttention(shape)
        for part in (layer.ffn1, layer.ffn2):
            # What it is given is nobody else's, and is the largest array of a layer.
            part.intermediate_act_fn = nn.SiLU(inplace=True)
    network: nn.Module = model
    return network.eval().requires_grad_(False)


class GatheredAttention(nn.Module):
    """Takes the place of Wav2Vec2BertSelfAttention, with the same names of tensors and, but for rounding, the same
    answer. num_at_once: how many queries are computed at once.
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

    def forward(
        self, hidden_states: Tensor, attention_mask: Tensor | None = None, **kwargs: Any
    ) -> tuple[Tensor, None]:
        """hidden_states: [N, T, D]. attention_mask: added to the scores, [N, 1, T, T] or [N, 1, 1, T].

        kwargs: what transformers hands on to every kind of attention; nothing of it is of this one.
        """
        del kwargs
        query_NHTK, key_NHTK, value_NHTK = (
            linear(hidden_states).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
            for linear in (self.linear_q, self.linear_k, self.linear_v)
        )
        query_NHTK = query_NHTK * query_NHTK.shape[-1] ** -0.5
        pieces = []
        for first in first_steps(query_NHTK.shape[2], self.num_at_once):
            block = steps_from(first, self.num_at_once)
            scores_NHQT = self._scores(query_NHTK[:, :, block], key_NHTK, first)
            if attention_mask is not None:
                rows = attention_mask if attention_mask.shape[2] == 1 else attention_mask[:, :, block]
                scores_NHQT += rows
            pieces.append(torch.softmax(scores_NHQT, dim=-1, out=scores_NHQT) @ value_NHTK)
        return self.linear_out(torch.cat(pieces, dim=2).transpose(1, 2).flatten(2)), None

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
