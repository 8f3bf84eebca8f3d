"""A conformer over semantic features (Gulati et al. 2020, https://arxiv.org/abs/2005.08100), in the form that
IndexTTS-2 conditions on: one feed-forward layer a block, relative positions without a shift, and a front of one
convolution that halves time. Names of tensors are those of its checkpoints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.features.speech.filterbank import MAX_FRAMES, MIN_FRAMES
from services.features.speech.pieces import first_steps, steps_from

# Output frames of the front and its channels at once: of 511 bins they are 4 MB, which a processor's cache holds until
# they are multiplied, where a minute of 512 channels is 1.6 GB. Fewer frames would read the weights more often.
_FRONT_FRAMES = 128
_FRONT_CHANNELS = 16
# Bins at once, where it is exported: of 512 channels and a minute they are 98 MB.
_FRONT_BINS = 32
# Queries at once: of 8 heads and three minutes of sound their scores are 41 MB.
_BLOCK_QUERIES = 256
_CONV_KERNEL = 15
_POSITIONS = MAX_FRAMES // 2


@dataclass(frozen=True)
class ConformerShape:
    """Sizes, under the names of `condition_module` in an IndexTTS-2 config. input_size: channels of a feature."""

    input_size: int = 1024
    output_size: int = 512
    linear_units: int = 2048
    attention_heads: int = 8
    num_blocks: int = 6

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        if self.input_size < MIN_FRAMES:
            raise ValueError(f"input_size must be at least {MIN_FRAMES}, not {self.input_size}")
        if self.output_size % self.attention_heads:
            raise ValueError(f"output_size {self.output_size} must be a multiple of {self.attention_heads} heads")


def halved(lengths_N: Tensor) -> Tensor:
    """How many frames of each sequence leave the front: one for each second frame that has a frame on both sides."""
    return (lengths_N - 1) // 2


class Conformer(nn.Module):
    """float32 [N, T, input_size], int64 [N] lengths in 3..T -> float32 [N, T', output_size], bool [N, T'] inside.

    T' is (T - 1) // 2. original_padding: as the original masks, which lets the bias of a convolution leak from the
    padding into the last frames of a sequence that is beside a longer one: 4 % of the spread. Off, a sequence's frames
    are the same whatever is beside it.
    """

    def __init__(self, shape: ConformerShape, original_padding: bool = False) -> None:
        super().__init__()
        width = shape.output_size
        self.shape = shape
        self.embed = _Front(shape)
        self.encoders = nn.ModuleList(_Block(shape, original_padding) for _ in range(shape.num_blocks))
        self.after_norm = nn.LayerNorm(width)

    def forward(self, features_NTC: Tensor, lengths_N: Tensor) -> tuple[Tensor, Tensor]:
        x_NTD = self.embed(features_NTC) * math.sqrt(self.shape.output_size)
        num_frames = x_NTD.shape[1]
        inside_NT = torch.arange(num_frames, device=x_NTD.device) < halved(lengths_N)[:, None]
        positions_TD = self.embed.pos_enc.pe[0, :num_frames]
        for block in self.encoders:
            x_NTD = block(x_NTD, positions_TD, inside_NT)
        return self.after_norm(x_NTD), inside_NT


class _PositionTable(nn.Module):
    """The table is read from the checkpoint, which may hold it rounded."""

    pe: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("pe", sinusoids(width)[None])


def sinusoids(width: int, num_positions: int = _POSITIONS) -> Tensor:
    """float32 [num_positions, width], on the CPU whatever the default device: sines on even channels, cosines on odd
    ones (Vaswani et al. 2017, 3.5).
    """
    steps = torch.exp(torch.arange(0, width, 2, dtype=torch.float32, device="cpu") * -(math.log(10_000.0) / width))
    angles = torch.arange(num_positions, dtype=torch.float32, device="cpu")[:, None] * steps
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


class _Front(nn.Module):
    def __init__(self, shape: ConformerShape) -> None:
        super().__init__()
        self.num_at_once = _FRONT_FRAMES
        width = shape.output_size
        self.conv = nn.Sequential(nn.Conv2d(1, width, 3, stride=2), nn.ReLU())
        self.out = nn.Sequential(nn.Linear(width * ((shape.input_size - 1) // 2), width))
        self.pos_enc = _PositionTable(width)

    def forward(self, features_NTC: Tensor) -> Tensor:
        if torch.compiler.is_exporting():
            return self._by_bins(features_NTC)
        num_out = (features_NTC.shape[1] - 1) // 2
        pieces = []
        for first in range(0, num_out, self.num_at_once):
            last = min(num_out, first + self.num_at_once)
            pieces.append(self._by_channels(features_NTC[:, 2 * first : 2 * last + 1]))
        return torch.cat(pieces, dim=1)

    def _by_channels(self, features_NTC: Tensor) -> Tensor:
        """The front of a piece: a few channels of the convolution, then their share of the linear layer's sums."""
        conv: Any = self.conv[0]
        linear: Any = self.out[0]
        width, num_bins = len(conv.weight), (features_NTC.shape[2] - 1) // 2
        num_rows = features_NTC.shape[0] * ((features_NTC.shape[1] - 1) // 2)
        sums_MD = linear.bias.repeat(num_rows, 1)
        for first in range(0, width, _FRONT_CHANNELS):
            some = slice(first, first + _FRONT_CHANNELS)
            image_NETF = F.conv2d(features_NTC[:, None], conv.weight[some], conv.bias[some], stride=2).relu_()
            columns = slice(first * num_bins, some.stop * num_bins)
            sums_MD.addmm_(image_NETF.transpose(1, 2).reshape(num_rows, -1), linear.weight[:, columns].t())
        return sums_MD.unflatten(0, (features_NTC.shape[0], -1))

    def _by_bins(self, features_NTC: Tensor) -> Tensor:
        """The same but for rounding, in pieces whose number is known before the length is, as a graph needs."""
        num_bins = (features_NTC.shape[2] - 1) // 2
        linear: Any = self.out[0]
        weight_DEF = linear.weight.unflatten(1, (-1, num_bins))
        sums_NTD = linear.bias
        for first in range(0, num_bins, _FRONT_BINS):
            last = min(num_bins, first + _FRONT_BINS)
            image_NETF = self.conv(features_NTC[:, None, :, 2 * first : 2 * last + 1])
            sums_NTD = sums_NTD + image_NETF.transpose(1, 2).flatten(2) @ weight_DEF[:, :, first:last].flatten(1).t()
        return sums_NTD


class _Block(nn.Module):
    def __init__(self, shape: ConformerShape, original_padding: bool) -> None:
        super().__init__()
        width = shape.output_size
        self.self_attn = _RelativeAttention(width, shape.attention_heads)
        self.feed_forward = _FeedForward(width, shape.linear_units)
        self.conv_module = _ConvModule(width, original_padding)
        self.norm_ff, self.norm_mha = nn.LayerNorm(width), nn.LayerNorm(width)
        self.norm_conv, self.norm_final = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x_NTD: Tensor, positions_TD: Tensor, inside_NT: Tensor) -> Tensor:
        x_NTD = x_NTD + self.self_attn(self.norm_mha(x_NTD), positions_TD, inside_NT)
        x_NTD = x_NTD + self.conv_module(self.norm_conv(x_NTD), inside_NT)
        x_NTD = x_NTD + self.feed_forward(self.norm_ff(x_NTD))
        return self.norm_final(x_NTD)


class _RelativeAttention(nn.Module):
    """Attention whose scores are of content and of absolute positions, each with a learnt bias."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.num_at_once = _BLOCK_QUERIES
        self.linear_q, self.linear_k = nn.Linear(width, width), nn.Linear(width, width)
        self.linear_v, self.linear_out = nn.Linear(width, width), nn.Linear(width, width)
        self.linear_pos = nn.Linear(width, width, bias=False)
        self.pos_bias_u = nn.Parameter(torch.zeros(num_heads, width // num_heads))
        self.pos_bias_v = nn.Parameter(torch.zeros(num_heads, width // num_heads))

    def forward(self, x_NTD: Tensor, positions_TD: Tensor, inside_NT: Tensor) -> Tensor:
        query_NTHK = self.linear_q(x_NTD).unflatten(2, (self.num_heads, -1))
        key_NHTK = self._heads(self.linear_k(x_NTD))
        value_NHTK = self._heads(self.linear_v(x_NTD))
        position_1HTK = self._heads(self.linear_pos(positions_TD[None]))
        outside_N11T = ~inside_NT[:, None, None]
        pieces = []
        for first in first_steps(query_NTHK.shape[1], self.num_at_once):
            query_NQHK = query_NTHK[:, steps_from(first, self.num_at_once)]
            content_NHQT = (query_NQHK + self.pos_bias_u).transpose(1, 2) @ key_NHTK.transpose(2, 3)
            place_NHQT = (query_NQHK + self.pos_bias_v).transpose(1, 2) @ position_1HTK.transpose(2, 3)
            scores_NHQT = (content_NHQT + place_NHQT) / math.sqrt(query_NTHK.shape[-1])
            weights_NHQT = scores_NHQT.masked_fill(outside_N11T, -math.inf).softmax(dim=-1)
            pieces.append(weights_NHQT.masked_fill(outside_N11T, 0.0) @ value_NHTK)
        return self.linear_out(torch.cat(pieces, dim=2).transpose(1, 2).flatten(2))

    def _heads(self, x_NTD: Tensor) -> Tensor:
        return x_NTD.unflatten(2, (self.num_heads, -1)).transpose(1, 2)


class _FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w_1, self.w_2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x_NTD: Tensor) -> Tensor:
        return self.w_2(F.silu(self.w_1(x_NTD)))


class _ConvModule(nn.Module):
    def __init__(self, width: int, original_padding: bool) -> None:
        super().__init__()
        self.original_padding = original_padding
        self.pointwise_conv1 = nn.Conv1d(width, 2 * width, 1)
        self.depthwise_conv = nn.Conv1d(width, width, _CONV_KERNEL, padding=_CONV_KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.pointwise_conv2 = nn.Conv1d(width, width, 1)

    def forward(self, x_NTD: Tensor, inside_NT: Tensor) -> Tensor:
        outside_N1T = ~inside_NT[:, None]
        x_NDT = x_NTD.transpose(1, 2).masked_fill(outside_N1T, 0.0)
        gated_NDT = F.glu(self.pointwise_conv1(x_NDT), dim=1)
        if not self.original_padding:
            # The bias of pointwise_conv1 has made the padding something other than zero again.
            gated_NDT = gated_NDT.masked_fill(outside_N1T, 0.0)
        mixed_NTD = F.silu(self.norm(self.depthwise_conv(gated_NDT).transpose(1, 2)))
        return self.pointwise_conv2(mixed_NTD.transpose(1, 2)).masked_fill(outside_N1T, 0.0).transpose(1, 2)
