"""A residual block over pictures (He et al., https://arxiv.org/abs/1512.03385)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """Two convolutions over [N, num_in, H, W] -> [N, num_out, H / stride, W / stride], added to one of size 1."""

    def __init__(self, num_in: int, num_out: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(num_in, num_out, 3, stride, 1, bias=False),
            nn.BatchNorm2d(num_out),
            nn.ReLU(),
            nn.Conv2d(num_out, num_out, 3, 1, 1, bias=False),
            nn.BatchNorm2d(num_out),
        )
        self.short = nn.Sequential(nn.Conv2d(num_in, num_out, 1, stride, bias=False), nn.BatchNorm2d(num_out))

    def forward(self, x_NCHW: Tensor) -> Tensor:
        return torch.relu(self.body(x_NCHW) + self.short(x_NCHW))
