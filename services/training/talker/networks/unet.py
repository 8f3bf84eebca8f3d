"""The network that paints a mouth for a sound: unet_328.Model of SyncTalk_2D, and its form for 160 px.

A reference picture and one whose lower face is black go down to 10 x 10, are joined there with the sound around the
frame, and come up again as a whole face. Names and shapes of the weights are the original's
(https://github.com/ZiqiaoPeng/SyncTalk_2D; 160 px: https://github.com/anliyuan/Ultralight-Digital-Human) at width 1:
12,186,935 parameters for ave and hubert at 328, 12,163,591 at 160.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from services.lips.talker_input import SOUND_SHAPES

_EXPANSION = 2
# Channels on the way down, the first those of the whole picture, and of what each step up gives.
_DOWN = {320: (32, 32, 64, 128, 256, 512), 160: (32, 64, 128, 256, 512)}
_UP = {320: (128, 64, 32, 32, 16), 160: (128, 64, 32, 32)}
_FUSED = (512, 256)
_SOUND_CHANNELS = {"ave": (32, 64, 128), "mel": (32, 64, 128), "hubert": (32, 64, 128), "wenet": (256, 256, 256)}


class _Residual(nn.Module):
    """Inverted residual of MobileNetV2 (arXiv 1801.04381): wide in between, where each channel is seen alone."""

    def __init__(self, num_in: int, num_out: int, *, stride: int = 1, adds: bool = False) -> None:
        super().__init__()
        wide = num_in * _EXPANSION
        self.conv = nn.Sequential(
            nn.Conv2d(num_in, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(inplace=True),
            nn.Conv2d(wide, num_out, 1, bias=False),
            nn.BatchNorm2d(num_out),
        )
        self._adds = adds

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        y_BCHW: torch.Tensor = self.conv(x_BCHW)
        return x_BCHW + y_BCHW if self._adds else y_BCHW


class _Double(nn.Module):
    def __init__(self, num_in: int, num_out: int, stride: int = 1) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            _Residual(num_in, num_out, stride=stride), _Residual(num_out, num_out, adds=True)
        )

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        y_BCHW: torch.Tensor = self.double_conv(x_BCHW)
        return y_BCHW


class _First(nn.Module):
    def __init__(self, num_out: int) -> None:
        super().__init__()
        self.inconv = nn.Sequential(_Residual(6, num_out))

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        y_BCHW: torch.Tensor = self.inconv(x_BCHW)
        return y_BCHW


class _Down(nn.Module):
    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        self.maxpool_conv = nn.Sequential(_Double(num_in, num_out, 2))

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        y_BCHW: torch.Tensor = self.maxpool_conv(x_BCHW)
        return y_BCHW


class _Up(nn.Module):
    def __init__(self, num_in: int, num_out: int) -> None:
        super().__init__()
        self.conv = _Double(num_in, num_out)

    def forward(self, x_BCHW: torch.Tensor, skip_BCHW: torch.Tensor) -> torch.Tensor:
        x_BCHW = functional.interpolate(x_BCHW, scale_factor=2, mode="bilinear", align_corners=True)
        y_BCHW: torch.Tensor = self.conv(torch.cat([x_BCHW, skip_BCHW], 1))
        return y_BCHW


class _Last(nn.Module):
    def __init__(self, num_in: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(num_in, 3, 1)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        y_BCHW: torch.Tensor = self.conv(x_BCHW)
        return y_BCHW


class _Sound(nn.Module):
    """The window around a frame, to 512 channels (at width 1) of 10 x 10."""

    def __init__(self, asr_model: str, width: float) -> None:
        super().__init__()
        first, *rest = _SOUND_CHANNELS[asr_model]
        a, b = (_wide(num, width) for num in rest)
        c, d = _wide(256, width), _wide(512, width)
        # Those of wenet keep their number of channels, at width 1 alone.
        self.conv1 = _Residual(first, a, adds=first == a)
        self.conv2 = _Residual(a, b, adds=a == b)
        self.conv3 = nn.Conv2d(b, c, 3, SOUND_SHAPES[asr_model].strides, 1)
        self.bn3 = nn.BatchNorm2d(c)
        self.conv4 = _Residual(c, c, adds=True)
        self.conv5 = nn.Conv2d(c, d, 3, 2, 3)
        self.bn5 = nn.BatchNorm2d(d)
        self.conv6 = _Residual(d, d, adds=True)
        self.conv7 = _Residual(d, d, adds=True)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        x_BCHW = self.conv2(self.conv1(x_BCHW))
        x_BCHW = self.conv4(functional.relu(self.bn3(self.conv3(x_BCHW))))
        x_BCHW = self.conv7(self.conv6(functional.relu(self.bn5(self.conv5(x_BCHW)))))
        return x_BCHW


class UNet(nn.Module):
    """face_px: 320 or 160. width: factor on all channels between the picture and the picture."""

    def __init__(self, asr_model: str, face_px: int = 320, width: float = 1.0) -> None:
        """Raises KeyError for a model of features that is not known, ValueError for another size or width."""
        super().__init__()
        if face_px not in _DOWN or not 0 < width <= 1:
            raise ValueError(f"a face is 320 or 160 px, not {face_px}; width is above 0 and at most 1, not {width}")
        down = [_wide(num, width) for num in _DOWN[face_px]]
        up = [_wide(num, width) for num in _UP[face_px]]
        fused = [_wide(num, width) for num in _FUSED]
        self.audio_model = _Sound(asr_model, width)
        self.fuse_conv = nn.Sequential(_Double(down[-1] + _wide(512, width), fused[0]), _Double(fused[0], fused[1]))
        self.inc = _First(down[0])
        self._num_steps = len(up)
        for i in range(self._num_steps):
            setattr(self, f"down{i + 1}", _Down(down[i], down[i + 1]))
        below = fused[1]
        for i, num_out in enumerate(up):
            setattr(self, f"up{i + 1}", _Up(below + down[-2 - i], num_out))
            below = num_out
        self.outc = _Last(below)

    def forward(self, pictures_B6HW: torch.Tensor, sounds_BCHW: torch.Tensor) -> torch.Tensor:
        """float32 [B, 3, face_px, face_px], BGR, 0 to 1. pictures_B6HW: reference, then the masked face, likewise.

        sounds_BCHW: float32 [B, *SOUND_SHAPES[model][:3]].
        """
        levels = [self.inc(pictures_B6HW)]
        for i in range(self._num_steps):
            levels.append(getattr(self, f"down{i + 1}")(levels[-1]))
        x_BCHW = self.fuse_conv(torch.cat([levels[-1], self.audio_model(sounds_BCHW)], 1))
        for i in range(self._num_steps):
            x_BCHW = getattr(self, f"up{i + 1}")(x_BCHW, levels[-2 - i])
        return torch.sigmoid(self.outc(x_BCHW))


def _wide(num: int, width: float) -> int:
    return max(8, round(num * width))
