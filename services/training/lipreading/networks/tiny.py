"""The small lipreader, which learns a made corpus on one core: pictures of 48x24, 0.9 M parameters.

Three neighbouring frames as channels stand for a convolution over time, and strides for pooling: both are what a CPU
is fast at.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from services.training.lipreading.networks.packing import frame_places, packed, padded
from services.training.lipreading.networks.recurrent import BiLstm

HEIGHT_PX, WIDTH_PX = 24, 48
_NEIGHBOURS = 3
_CHANNELS = (16, 32, 64)
_WIDTH = 128
STEPS_PER_FRAME = 2


class TinyLipreader(nn.Module):
    """float32 [B, T, 24, 48], int64 [B] lengths of 1..T on the CPU -> logits float [B, 2 T, num_classes], int64 [B]
    steps.

    Each frame has two steps, since fast speech has more characters than frames. Logits past a clip's steps mean
    nothing.
    dropout: before and between the LSTM layers, and before the classes.
    """

    def __init__(self, num_classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        first, second, third = _CHANNELS
        self.pictures = nn.Sequential(
            *_block(_NEIGHBOURS, first, 5), *_block(first, second, 3), *_block(second, third, 3), nn.Flatten()
        )
        self.width = nn.Linear(third * (HEIGHT_PX // 8) * (WIDTH_PX // 8), _WIDTH)
        self.norm = nn.LayerNorm(_WIDTH)
        self.dropout = nn.Dropout(dropout)
        self.time = BiLstm(_WIDTH, _WIDTH, 2, dropout)
        self.steps = nn.Linear(2 * _WIDTH, STEPS_PER_FRAME * _WIDTH)
        self.classes = nn.Linear(_WIDTH, num_classes)
        self.pictures.to(memory_format=torch.channels_last)

    def forward(self, frames_BTHW: Tensor, lengths_B: Tensor) -> tuple[Tensor, Tensor]:
        batch_size, num_frames = frames_BTHW.shape[:2]
        places_N = frame_places(lengths_B, num_frames).to(frames_BTHW.device)
        pictures_N3HW = packed(_with_neighbours(frames_BTHW, places_N), places_N)
        features_NC = self.pictures(pictures_N3HW.contiguous(memory_format=torch.channels_last))
        features_NC = self.dropout(self.norm(self.width(features_NC)))
        x_BTC = self.time(padded(features_NC, places_N, batch_size, num_frames), lengths_B)
        steps_BSC = self.steps(self.dropout(x_BTC)).unflatten(-1, (STEPS_PER_FRAME, _WIDTH)).flatten(1, 2)
        return self.classes(torch.relu(steps_BSC)), lengths_B * STEPS_PER_FRAME


def _block(num_in: int, num_out: int, kernel: int) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(num_in, num_out, kernel, stride=2, padding=kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(num_out), nn.ReLU()


def _with_neighbours(frames_BTHW: Tensor, places_N: Tensor) -> Tensor:
    """[B, T, H, W] -> [B, T, 3, H, W]: the frame before, the frame, the one behind; zeros where the clip has none."""
    own_BTHW = padded(packed(frames_BTHW, places_N), places_N, *frames_BTHW.shape[:2])
    wide = nn.functional.pad(own_BTHW, (0, 0, 0, 0, 1, 1))
    return torch.stack((wide[:, :-2], wide[:, 1:-1], wide[:, 2:]), dim=2)
