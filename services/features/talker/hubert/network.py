"""HuBERT with norms before its layers (Hsu et al. 2021, https://arxiv.org/abs/2106.07447), as the published
facebook/hubert-large-ls960-ft is, whose names its tensors have.

It computes what HubertModel of transformers does, whose import takes seconds in every process.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_KERNELS, _STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)


@dataclass(frozen=True)
class HubertShape:
    """Sizes, under the names of config.json. conv_channels: of the seven convolutions in front.

    Raises ValueError for sizes that no network has.
    """

    hidden_size: int = 1024
    num_hidden_layers: int = 24
    num_attention_heads: int = 16
    intermediate_size: int = 4096
    conv_channels: int = 512
    num_conv_pos_embeddings: int = 128
    num_conv_pos_embedding_groups: int = 16

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        for name in ("num_attention_heads", "num_conv_pos_embedding_groups"):
            if self.hidden_size % getattr(self, name):
                raise ValueError(f"hidden_size {self.hidden_size} must be a multiple of {name} {getattr(self, name)}")


class Hubert(nn.Module):
    """float32 samples [N, S] of mean 0 and variance 1, S >= 400 -> the last hidden state, [N, (S - 80) // 320, D]."""

    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        self.feature_extractor = _Front(shape)
        self.feature_projection = _Projection(shape)
        self.encoder = _Encoder(shape)

    def forward(self, samples_NS: Tensor) -> Tensor:
        x_NCT = self.feature_extractor(samples_NS[:, None])
        encoded_NTD: Tensor = self.encoder(self.feature_projection(x_NCT.transpose(1, 2)))
        return encoded_NTD


class _Front(nn.Module):
    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        inputs = (1, *[shape.conv_channels] * (len(_KERNELS) - 1))
        self.conv_layers = nn.ModuleList(
            _FrontLayer(channels_in, shape.conv_channels, kernel, stride)
            for channels_in, kernel, stride in zip(inputs, _KERNELS, _STRIDES, strict=True)
        )

    def forward(self, x_NCT: Tensor) -> Tensor:
        for layer in self.conv_layers:
            x_NCT = layer(x_NCT)
        return x_NCT


class _FrontLayer(nn.Module):
    def __init__(self, channels_in: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels_in, channels, kernel, stride)
        self.layer_norm = nn.LayerNorm(channels)

    def forward(self, x_NCT: Tensor) -> Tensor:
        return F.gelu(self.layer_norm(self.conv(x_NCT).transpose(1, 2)).transpose(1, 2))


class _Projection(nn.Module):
    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(shape.conv_channels)
        self.projection = nn.Linear(shape.conv_channels, shape.hidden_size)

    def forward(self, x_NTC: Tensor) -> Tensor:
        projected_NTD: Tensor = self.projection(self.layer_norm(x_NTC))
        return projected_NTD


class _Encoder(nn.Module):
    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        self.pos_conv_embed = _Positions(shape)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.num_hidden_layers))
        self.layer_norm = nn.LayerNorm(shape.hidden_size)

    def forward(self, x_NTD: Tensor) -> Tensor:
        x_NTD = x_NTD + self.pos_conv_embed(x_NTD)
        for layer in self.layers:
            x_NTD = layer(x_NTD)
        normed_NTD: Tensor = self.layer_norm(x_NTD)
        return normed_NTD


class _Positions(nn.Module):
    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        self.conv = _NormedConv(shape)

    def forward(self, x_NTD: Tensor) -> Tensor:
        # A kernel of even length gives one step too many.
        return F.gelu(self.conv(x_NTD.transpose(1, 2))[:, :, : x_NTD.shape[1]]).transpose(1, 2)


class _NormedConv(nn.Module):
    """A convolution whose kernel has the length weight_g at each of its places."""

    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        size, self._groups = shape.num_conv_pos_embeddings, shape.num_conv_pos_embedding_groups
        self.weight_g = nn.Parameter(torch.empty(1, 1, size))
        self.weight_v = nn.Parameter(torch.empty(shape.hidden_size, shape.hidden_size // self._groups, size))
        self.bias = nn.Parameter(torch.empty(shape.hidden_size))

    def forward(self, x_NCT: Tensor) -> Tensor:
        weight = self.weight_v * (self.weight_g / self.weight_v.norm(dim=(0, 1), keepdim=True))
        return F.conv1d(x_NCT, weight, self.bias, padding=weight.shape[2] // 2, groups=self._groups)


class _Layer(nn.Module):
    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        self.attention = _Attention(shape)
        self.layer_norm = nn.LayerNorm(shape.hidden_size)
        self.feed_forward = _FeedForward(shape)
        self.final_layer_norm = nn.LayerNorm(shape.hidden_size)

    def forward(self, x_NTD: Tensor) -> Tensor:
        x_NTD = x_NTD + self.attention(self.layer_norm(x_NTD))
        return x_NTD + self.feed_forward(self.final_layer_norm(x_NTD))


class _Attention(nn.Module):
    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        self._num_heads, width = shape.num_attention_heads, shape.hidden_size
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x_NTD: Tensor) -> Tensor:
        query, key, value = (
            project(x_NTD).unflatten(2, (self._num_heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        attended_NTD = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        out_NTD: Tensor = self.out_proj(attended_NTD)
        return out_NTD


class _FeedForward(nn.Module):
    def __init__(self, shape: HubertShape) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(shape.hidden_size, shape.intermediate_size)
        self.output_dense = nn.Linear(shape.intermediate_size, shape.hidden_size)

    def forward(self, x_NTD: Tensor) -> Tensor:
        out_NTD: Tensor = self.output_dense(F.gelu(self.intermediate_dense(x_NTD)))
        return out_NTD
