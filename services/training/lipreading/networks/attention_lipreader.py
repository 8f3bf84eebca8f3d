"""The baseline lipreader of Chinese-LiPS: convolutions over time, a BiLSTM, and a decoder with attention.

Shapes are the baseline's: 2,815,840 + 513 V parameters for V characters at its size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.training.lipreading.networks.packing import frame_places, packed, padded
from services.training.lipreading.networks.recurrent import BiLstm
from services.training.lipreading.tokenizer import EOS, SOS

_CHANNELS = (32, 64, 128, 256)


class AttentionLipreader(nn.Module):
    """Grey pictures of one size from 32x32 on, in 0..1, to characters.

    hidden_size: even, a multiple of num_heads. dropout: between LSTM layers, on embeddings and attention.
    pad_mask: whether the attention looks past no clip's end; without it, it sees zeros there.
    """

    def __init__(
        self,
        vocabulary_size: int,
        hidden_size: int = 256,
        num_layers: int = 2,
        num_heads: int = 8,
        dropout: float = 0.3,
        pad_mask: bool = True,
    ) -> None:
        super().__init__()
        self._pad_mask, self.vocabulary_size = pad_mask, vocabulary_size
        self.spatial_encoder = _SpatialEncoder(hidden_size)
        self.temporal_encoder = BiLstm(hidden_size, hidden_size // 2, num_layers, dropout)
        self.decoder = _Decoder(vocabulary_size, hidden_size, num_heads, dropout)

    def forward(self, frames_BTHW: Tensor, lengths_B: Tensor, ids_BL: Tensor, forced: bool = True) -> Tensor:
        """float32 [B, T, H, W]; int64 [B] lengths of 1..T on the CPU; int64 [B, L] that begin with <sos> -> logits
        float [B, L, V] of the id behind each. forced: read from ids_BL; otherwise from <sos> and its own likeliest ids.
        """
        memory_BTC, outside_BT = self.encoded(frames_BTHW, lengths_B)
        if forced:
            return self.decoder(ids_BL, memory_BTC, outside_BT, None)[0]
        return self._free(memory_BTC, outside_BT, ids_BL.shape[1], stop=False)

    def read(self, frames_BTHW: Tensor, lengths_B: Tensor, max_steps: int = 200) -> Tensor:
        """int64 [B, L], L up to max_steps: the likeliest id at each step, until each clip has its <eos>; what stands
        behind a clip's <eos> means nothing. Raises ValueError below one step.
        """
        if max_steps < 1:
            raise ValueError(f"max_steps is {max_steps}: give 1 or more")
        with torch.no_grad():
            return self._free(*self.encoded(frames_BTHW, lengths_B), max_steps, stop=True).argmax(-1)

    def attention(self, frames_BTHW: Tensor, lengths_B: Tensor, ids_BL: Tensor) -> Tensor:
        """Float [B, L, T]: how much each step, of which the one before gave ids_BL, looks at each frame; sums to 1 over
        frames.
        """
        memory_BTC, outside_BT = self.encoded(frames_BTHW, lengths_B)
        return self.decoder.attention_over(ids_BL, memory_BTC, outside_BT)

    def encoded(self, frames_BTHW: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        """(float [B, T, C], zeros past a clip's end; bool [B, T], frames that the attention does not look at)."""
        features_BTC = self.spatial_encoder(frames_BTHW, lengths_B)
        outside_BT = self.outside(lengths_B, frames_BTHW.shape[1]).to(frames_BTHW.device)
        return self.temporal_encoder(features_BTC, lengths_B), outside_BT

    def outside(self, lengths_B: Tensor, num_frames: int) -> Tensor:
        """Bool [B, num_frames], frames past a clip's end, if the attention leaves them out."""
        past_BT = torch.arange(num_frames) >= lengths_B[:, None]
        return past_BT if self._pad_mask else torch.zeros_like(past_BT)

    def step(
        self, ids_B: Tensor, memory_BTC: Tensor, outside_BT: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """One step of the decoder: logits float [B, V] of the id behind, float [B, T] how much it looks at each frame,
        and the state behind. ids_B: before it. state: float [1, B, C] twice, zeros at first.
        """
        return self.decoder.step(ids_B, memory_BTC, outside_BT, state)

    def _free(self, memory_BTC: Tensor, outside_BT: Tensor, max_steps: int, stop: bool) -> Tensor:
        ids_B1 = torch.full((len(memory_BTC), 1), SOS, device=memory_BTC.device)
        ended_B1, state, steps = torch.zeros_like(ids_B1, dtype=torch.bool), None, []
        for _ in range(max_steps):
            logits_B1V, state = self.decoder(ids_B1, memory_BTC, outside_BT, state)
            steps.append(logits_B1V)
            ids_B1 = logits_B1V.argmax(-1)
            ended_B1 = ended_B1 | (ids_B1 == EOS)
            if stop and bool(ended_B1.all()):
                break
        return torch.cat(steps, dim=1)


class _Block(nn.Module):
    """Convolution, BatchNorm and ReLU; frames past a clip's end count in no statistic, and stay zero."""

    def __init__(self, num_in: int, num_out: int, kernel: tuple[int, int, int], stride: int = 1) -> None:
        super().__init__()
        padding = tuple(size // 2 for size in kernel)
        self.conv3d = nn.Conv3d(num_in, num_out, kernel, (1, stride, stride), padding, bias=False)
        self.bn = nn.BatchNorm3d(num_out)

    def forward(self, x_BCTHW: Tensor, places_N: Tensor) -> Tensor:
        x_BTCHW = self.conv3d(x_BCTHW).transpose(1, 2)
        x_NCHW = torch.relu(self.bn(packed(x_BTCHW, places_N)[:, :, None])[:, :, 0])
        return padded(x_NCHW, places_N, *x_BTCHW.shape[:2]).transpose(1, 2)


class _SpatialEncoder(nn.Module):
    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        first, second, third, fourth = _CHANNELS
        cube = (3, 3, 3)
        self.frontend = nn.ModuleList([_Block(1, first, (5, 7, 7), 2), nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))])
        self.middle = nn.ModuleList([_Block(first, second, cube), nn.MaxPool3d((1, 2, 2)), _Block(second, third, cube)])
        self.backend = nn.ModuleList([_Block(third, fourth, cube)])
        self.fc = nn.Linear(fourth, hidden_size)

    def forward(self, frames_BTHW: Tensor, lengths_B: Tensor) -> Tensor:
        batch_size, num_frames = frames_BTHW.shape[:2]
        places_N = frame_places(lengths_B, num_frames).to(frames_BTHW.device)
        own_BTHW = padded(packed(frames_BTHW, places_N), places_N, batch_size, num_frames)
        x_BCTHW = own_BTHW[:, None]
        for module in (*self.frontend, *self.middle, *self.backend):
            x_BCTHW = module(x_BCTHW, places_N) if isinstance(module, _Block) else module(x_BCTHW)
        x_BTC: Tensor = self.fc(x_BCTHW.mean((-2, -1)).transpose(1, 2))
        return x_BTC


class _Decoder(nn.Module):
    def __init__(self, vocabulary_size: int, hidden_size: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(hidden_size, hidden_size, batch_first=True)
        self.attention = nn.MultiheadAttention(hidden_size, num_heads, dropout, batch_first=True)
        self.fc = nn.Linear(hidden_size, vocabulary_size)

    def forward(
        self, ids_BL: Tensor, memory_BTC: Tensor, outside_BT: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        x_BLC, state = self.lstm(self.dropout(self.embedding(ids_BL)), state)
        seen_BLC, _ = self.attention(x_BLC, memory_BTC, memory_BTC, key_padding_mask=outside_BT, need_weights=False)
        return self.fc(x_BLC + seen_BLC), state

    def step(
        self, ids_B: Tensor, memory_BTC: Tensor, outside_BT: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        x_B1C, behind = self.lstm(self.dropout(self.embedding(ids_B[:, None])), state)
        seen_B1C, weights_BT = self._looked(x_B1C, memory_BTC, outside_BT)
        return self.fc(x_B1C + seen_B1C)[:, 0], weights_BT, behind

    def _looked(self, x_B1C: Tensor, memory_BTC: Tensor, outside_BT: Tensor) -> tuple[Tensor, Tensor]:
        """What `attention` gives of one step, float [B, 1, C], and its weights over all heads, float [B, T].

        Written out, because an exporter of traces takes the number of frames in that module for a fixed one.
        """
        module = self.attention
        weights, biases = module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)
        batch_size, heads = x_B1C.shape[0], module.num_heads
        query_BH1D, key_BHTD, value_BHTD = (
            F.linear(one_BTC, weight, bias).reshape(batch_size, -1, heads, module.head_dim).transpose(1, 2)
            for one_BTC, weight, bias in zip((x_B1C, memory_BTC, memory_BTC), weights, biases, strict=True)
        )
        scores_BH1T = query_BH1D @ key_BHTD.transpose(-2, -1) / math.sqrt(module.head_dim)
        looks_BH1T = scores_BH1T.masked_fill(outside_BT[:, None, None, :], -math.inf).softmax(-1)
        seen_B1C = (looks_BH1T @ value_BHTD).transpose(1, 2).reshape(batch_size, 1, -1)
        return module.out_proj(seen_B1C), looks_BH1T.mean(1)[:, 0]

    def attention_over(self, ids_BL: Tensor, memory_BTC: Tensor, outside_BT: Tensor) -> Tensor:
        x_BLC, _ = self.lstm(self.dropout(self.embedding(ids_BL)))
        weights_BLT: Tensor = self.attention(x_BLC, memory_BTC, memory_BTC, key_padding_mask=outside_BT)[1]
        return weights_BLT
