"""A convolution and a mean."""

import torch
from torch import Tensor, nn


class Tiny(nn.Module):
    """uint8 [N, 32, 32, 3] -> float32 [N, 6]"""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 5, stride=3)

    def forward(self, frames_NHWC: Tensor) -> Tensor:
        return torch.relu(self.conv(frames_NHWC.permute(0, 3, 1, 2).float() / 255)).mean(dim=(2, 3))
