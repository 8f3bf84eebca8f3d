"""What a picture looks like to VGG19 up to the third convolution of its third block, before the ReLU.

Layers and names of the weights are torchvision's `vgg19().features[:15]` (arXiv 1409.1556), 1,735,488 of its
143,667,240 parameters. SyncTalk_2D compares painted faces by it, as they are: BGR, 0 to 1, not normalised.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

# Index in torchvision's `features`, and channels in and out; each is 3 x 3. Pooling comes before the named ones.
_CONVOLUTIONS = ((0, 3, 64), (2, 64, 64), (5, 64, 128), (7, 128, 128), (10, 128, 256), (12, 256, 256), (14, 256, 256))
_POOLED_BEFORE = frozenset({5, 10})


class Vgg19Start(nn.Module):
    """The names of its weights are features.{0,2,5,7,10,12,14}.{weight,bias}."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict(
            {str(index): nn.Conv2d(num_in, num_out, 3, 1, 1) for index, num_in, num_out in _CONVOLUTIONS}
        )

    def forward(self, pictures_B3HW: torch.Tensor) -> torch.Tensor:
        """float32 [B, 3, H, W], H and W 4 or more -> [B, 256, H // 4, W // 4]."""
        x_BCHW = pictures_B3HW
        for index, _, _ in _CONVOLUTIONS:
            if index in _POOLED_BEFORE:
                x_BCHW = functional.max_pool2d(x_BCHW, 2)
            x_BCHW = self.features[str(index)](x_BCHW)
            if index != _CONVOLUTIONS[-1][0]:
                x_BCHW = functional.relu(x_BCHW)
        return x_BCHW


def perceptual_errors(network: Vgg19Start, made_B3HW: torch.Tensor, target_B3HW: torch.Tensor) -> torch.Tensor:
    """float32 [B]: mean squared difference of what the network makes of each pair; its gradient goes to made_B3HW
    alone. network: frozen.
    """
    with torch.no_grad():
        target_BCHW = network(target_B3HW).float()
    return (network(made_B3HW).float() - target_BCHW).square().mean((1, 2, 3))
