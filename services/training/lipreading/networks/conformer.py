"""A conformer over clips of different lengths: frames past a clip's end are in no attention, convolution or statistic.

Source: Gulati et al., Conformer: Convolution-augmented Transformer for Speech Recognition
(https://arxiv.org/abs/2005.08100); rotary positions by Su et al., RoFormer (https://arxiv.org/abs/2104.09864).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.training.lipreading.networks.packing import frame_places, packed, padded

_ROTARY_BASE = 10_000.0


@dataclass(frozen=True)
class ConformerShape:
    """width: channels, of num_heads heads. hidden: of a feed-forward layer. kernel: frames of the convolution, odd."""

    width: int = 256
    num_heads: int = 4
    hidden: int = 1024
    kernel: int = 15
    num_blocks: int = 6

    def __post_init__(self) -> None:
        if min(self.width, self.num_heads, self.hidden, self.kernel, self.num_blocks) < 1:
            raise ValueError(f"every size of a conformer must be 1 or more: {self}")
        if self.width % (2 * self.num_heads) or self.kernel % 2 == 0:
            raise ValueError(f"width must be an even multiple of num_heads, and kernel odd: {self}")


class Conformer(nn.Module):
    """float [B, T, width], int64 [B] lengths of 1..T on the CPU -> float [B, T, width], zeros past a clip's end."""

    def __init__(self, shape: ConformerShape, dropout: float) -> None:
        super().__init__()
        self.head_size = shape.width // shape.num_heads
        self.blocks = nn.ModuleList(_Block(shape, dropout) for _ in range(shape.num_blocks))

    def forward(self, x_BTC: Tensor, lengths_B: Tensor) -> Tensor:
        return self.both(x_BTC, lengths_B, len(self.blocks))[0]

    def both(self, x_BTC: Tensor, lengths_B: Tensor, num_blocks: int) -> tuple[Tensor, Tensor]:
        """What all blocks make of it, and what its first num_blocks do, 1 or more; both as `forward`."""
        batch_size, num_frames = x_BTC.shape[:2]
        places_N = frame_places(lengths_B, num_frames).to(x_BTC.device)
        inside_BT = (torch.arange(num_frames) < lengths_B[:, None]).to(x_BTC.device)
        turns_TD = _turns(num_frames, self.head_size, x_BTC.device)
        x_NC = packed(x_BTC, places_N)
        middle_NC = x_NC
        for i, block in enumerate(self.blocks, 1):
            x_NC = block(x_NC, places_N, inside_BT, turns_TD)
            if i == num_blocks:
                middle_NC = x_NC
        whole_BTC = padded(x_NC, places_N, batch_size, num_frames)
        is_whole = num_blocks == len(self.blocks)
        return whole_BTC, whole_BTC if is_whole else padded(middle_NC, places_N, batch_size, num_frames)


class _Block(nn.Module):
    """Half a feed-forward layer, attention, convolution, the other half, each added to what it is given."""

    def __init__(self, shape: ConformerShape, dropout: float) -> None:
        super().__init__()
        self.first = _feed_forward(shape, dropout)
        self.attention = _Attention(shape, dropout)
        self.convolution = _Convolution(shape, dropout)
        self.second = _feed_forward(shape, dropout)
        self.norm = nn.LayerNorm(shape.width)

    def forward(self, x_NC: Tensor, places_N: Tensor, inside_BT: Tensor, turns_TD: Tensor) -> Tensor:
        x_NC = x_NC + 0.5 * self.first(x_NC)
        x_NC = x_NC + self.attention(x_NC, places_N, inside_BT, turns_TD)
        x_NC = x_NC + self.convolution(x_NC, places_N, inside_BT.shape)
        return self.norm(x_NC + 0.5 * self.second(x_NC))


def _feed_forward(shape: ConformerShape, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(shape.width),
        nn.Linear(shape.width, shape.hidden),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(shape.hidden, shape.width),
        nn.Dropout(dropout),
    )


class _Attention(nn.Module):
    def __init__(self, shape: ConformerShape, dropout: float) -> None:
        super().__init__()
        self.num_heads = shape.num_heads
        self.norm = nn.LayerNorm(shape.width)
        self.queries_keys_values = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_NC: Tensor, places_N: Tensor, inside_BT: Tensor, turns_TD: Tensor) -> Tensor:
        batch_size, num_frames = inside_BT.shape
        all_BTC = padded(self.queries_keys_values(self.norm(x_NC)), places_N, batch_size, num_frames)
        query, key, value = all_BTC.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        query, key = _turned(query, turns_TD), _turned(key, turns_TD)
        answer_BHTD = F.scaled_dot_product_attention(query, key, value, attn_mask=inside_BT[:, None, None, :])
        return self.dropout(self.out(packed(answer_BHTD.transpose(1, 2).flatten(2), places_N)))


class _Convolution(nn.Module):
    def __init__(self, shape: ConformerShape, dropout: float) -> None:
        super().__init__()
        width = shape.width
        self.norm = nn.LayerNorm(width)
        self.gated = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv1d(width, width, shape.kernel, padding=shape.kernel // 2, groups=width, bias=False)
        self.batch_norm = nn.BatchNorm1d(width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x_NC: Tensor, places_N: Tensor, batch_shape: torch.Size) -> Tensor:
        gated_BTC = padded(F.glu(self.gated(self.norm(x_NC)), -1), places_N, batch_shape[0], batch_shape[1])
        near_NC = packed(self.depthwise(gated_BTC.transpose(1, 2)).transpose(1, 2), places_N)
        return self.dropout(self.out(F.silu(self.batch_norm(near_NC))))


def _turns(num_frames: int, head_size: int, device: torch.device) -> Tensor:
    """Angles [T, head_size / 2] of each frame: the products of turned queries and keys follow from distance alone."""
    rates_D = _ROTARY_BASE ** -(torch.arange(0, head_size, 2, device=device, dtype=torch.float32) / head_size)
    return torch.arange(num_frames, device=device, dtype=torch.float32)[:, None] * rates_D


def _turned(x_BHTD: Tensor, turns_TD: Tensor) -> Tensor:
    cosine, sine = turns_TD.cos().to(x_BHTD.dtype), turns_TD.sin().to(x_BHTD.dtype)
    even, odd = x_BHTD[..., 0::2], x_BHTD[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), dim=-1).flatten(-2)
