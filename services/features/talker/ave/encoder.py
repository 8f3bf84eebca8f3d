"""The audio encoder: 0.2 s of a mel spectrogram to a vector, by convolutions alone.

The layers are those of Wav2Lip's face and audio encoders (Prajwal et al. 2020, https://arxiv.org/abs/2008.10010), and
their names those of the published file.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class ConvBlock(nn.Module):
    """A convolution, its norm and a rectifier; a residual one adds its input before that."""

    def __init__(
        self,
        channels_in: int,
        channels: int,
        *,
        kernel: int = 3,
        stride: int | tuple[int, int] = 1,
        padding: int = 1,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.Conv2d(channels_in, channels, kernel, stride, padding), nn.BatchNorm2d(channels)
        )
        self.residual = residual

    def forward(self, x_NCHW: Tensor) -> Tensor:
        made_NCHW: Tensor = self.conv_block(x_NCHW)
        return F.relu(made_NCHW + x_NCHW if self.residual else made_NCHW)


class AudioEncoder(nn.Module):
    """float32 [N, 1, 80, 16] -> [N, 512], 0 or more."""

    def __init__(self) -> None:
        super().__init__()
        self.audio_encoder = nn.Sequential(
            ConvBlock(1, 32),
            ConvBlock(32, 32, residual=True),
            ConvBlock(32, 32, residual=True),
            ConvBlock(32, 64, stride=(3, 1)),
            ConvBlock(64, 64, residual=True),
            ConvBlock(64, 64, residual=True),
            ConvBlock(64, 128, stride=3),
            ConvBlock(128, 128, residual=True),
            ConvBlock(128, 128, residual=True),
            ConvBlock(128, 256, stride=(3, 2)),
            ConvBlock(256, 256, residual=True),
            ConvBlock(256, 512, padding=0),
            ConvBlock(512, 512, kernel=1, padding=0),
        )

    def forward(self, mel_N1BT: Tensor) -> Tensor:
        vectors_ND11: Tensor = self.audio_encoder(mel_N1BT)
        return vectors_ND11.flatten(1)
