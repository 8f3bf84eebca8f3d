"""InceptionV3 (Szegedy et al. 2015, https://arxiv.org/abs/1512.00567) up to its global average pool.

Names and shapes of its state dict are those of torchvision's `inception_v3`, so that its IMAGENET1K_V1 file loads. The
classifier and the auxiliary head are in the state dict and are never computed.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.features.frames.stretch import stretched_on_device
from services.features.ops import INPUT_PX, NUM_FEATURES

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_NUM_CLASSES = 1000
_NORM_EPSILON = 1e-3


class Conv(NamedTuple):
    """A named convolution of a block. kernel: (height, width). Stride 1 keeps the size, stride 2 pads nothing."""

    name: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1


class _Pool(NamedTuple):
    """Average: 3x3, keeps the size. Maximum: 3x3, halves it."""

    average: bool


_AVERAGE, _MAXIMUM = _Pool(average=True), _Pool(average=False)
# One step of a branch: a layer, or several that read the same input and whose outputs are joined.
_Step = Conv | _Pool | tuple[Conv, ...]


class ConvNormRelu(nn.Module):
    """Convolution without bias, batch norm, rectifier."""

    def __init__(self, channels_in: int, conv: Conv, *, padded: bool = True) -> None:
        super().__init__()
        padding = tuple(side // 2 for side in conv.kernel) if padded and conv.stride == 1 else (0, 0)
        self.conv = nn.Conv2d(channels_in, conv.channels, conv.kernel, conv.stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(conv.channels, eps=_NORM_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)

    def fold(self) -> None:
        """The norm's scale and shift become the convolution's own: one pass over memory less, for inference only."""
        scale = self.bn.weight / torch.sqrt(self.bn.running_var + self.bn.eps)
        self.conv.bias = nn.Parameter(self.bn.bias - self.bn.running_mean * scale)
        self.conv.weight = nn.Parameter(self.conv.weight * scale[:, None, None, None])
        self.bn = nn.Identity()


class Block(nn.Module):
    """Branches side by side on one input, their outputs joined along the channels."""

    def __init__(self, channels_in: int, *branches: tuple[_Step, ...]) -> None:
        super().__init__()
        self._branches = branches
        for branch in branches:
            channels = channels_in
            for step in branch:
                convs = _convs(step)
                for conv in convs:
                    self.add_module(conv.name, ConvNormRelu(channels, conv))
                channels = sum(conv.channels for conv in convs) or channels

    def forward(self, x: Tensor) -> Tensor:
        joined = []
        for branch in self._branches:
            y = x
            for step in branch:
                y = self._step(step, y)
            joined.append(y)
        return torch.cat(joined, dim=1)

    def _step(self, step: _Step, x: Tensor) -> Tensor:
        if isinstance(step, _Pool):
            return F.avg_pool2d(x, 3, stride=1, padding=1) if step.average else F.max_pool2d(x, 3, stride=2)
        outputs = [self.get_submodule(conv.name)(x) for conv in _convs(step)]
        return torch.cat(outputs, dim=1) if len(outputs) > 1 else outputs[0]


def _convs(step: _Step) -> tuple[Conv, ...]:
    if isinstance(step, Conv):
        return (step,)
    return () if isinstance(step, _Pool) else step


def _fine_block(channels_in: int, pooled: int) -> Block:
    """35x35, figure 5 of the paper, the 5x5 kept as it is."""
    return Block(
        channels_in,
        (Conv("branch1x1", 64),),
        (Conv("branch5x5_1", 48), Conv("branch5x5_2", 64, (5, 5))),
        (Conv("branch3x3dbl_1", 64), Conv("branch3x3dbl_2", 96, (3, 3)), Conv("branch3x3dbl_3", 96, (3, 3))),
        (_AVERAGE, Conv("branch_pool", pooled)),
    )


def _first_reduction(channels_in: int) -> Block:
    """35x35 to 17x17, figure 10."""
    return Block(
        channels_in,
        (Conv("branch3x3", 384, (3, 3), 2),),
        (Conv("branch3x3dbl_1", 64), Conv("branch3x3dbl_2", 96, (3, 3)), Conv("branch3x3dbl_3", 96, (3, 3), 2)),
        (_MAXIMUM,),
    )


def _middle_block(channels_in: int, inner: int) -> Block:
    """17x17, 7x7 as rows and columns, figure 6."""
    row, column = (1, 7), (7, 1)
    return Block(
        channels_in,
        (Conv("branch1x1", 192),),
        (Conv("branch7x7_1", inner), Conv("branch7x7_2", inner, row), Conv("branch7x7_3", 192, column)),
        (
            Conv("branch7x7dbl_1", inner),
            Conv("branch7x7dbl_2", inner, column),
            Conv("branch7x7dbl_3", inner, row),
            Conv("branch7x7dbl_4", inner, column),
            Conv("branch7x7dbl_5", 192, row),
        ),
        (_AVERAGE, Conv("branch_pool", 192)),
    )


def _second_reduction(channels_in: int) -> Block:
    """17x17 to 8x8."""
    return Block(
        channels_in,
        (Conv("branch3x3_1", 192), Conv("branch3x3_2", 320, (3, 3), 2)),
        (
            Conv("branch7x7x3_1", 192),
            Conv("branch7x7x3_2", 192, (1, 7)),
            Conv("branch7x7x3_3", 192, (7, 1)),
            Conv("branch7x7x3_4", 192, (3, 3), 2),
        ),
        (_MAXIMUM,),
    )


def _coarse_block(channels_in: int) -> Block:
    """8x8, branches that fork into rows and columns, figure 7."""
    return Block(
        channels_in,
        (Conv("branch1x1", 320),),
        (Conv("branch3x3_1", 384), (Conv("branch3x3_2a", 384, (1, 3)), Conv("branch3x3_2b", 384, (3, 1)))),
        (
            Conv("branch3x3dbl_1", 448),
            Conv("branch3x3dbl_2", 384, (3, 3)),
            (Conv("branch3x3dbl_3a", 384, (1, 3)), Conv("branch3x3dbl_3b", 384, (3, 1))),
        ),
        (_AVERAGE, Conv("branch_pool", 192)),
    )


class AuxiliaryHead(nn.Module):
    """Present so that a state dict loads strictly; it serves training alone and is never computed."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.conv0 = ConvNormRelu(channels_in, Conv("conv0", 128))
        self.conv1 = ConvNormRelu(128, Conv("conv1", 768, (5, 5)))
        self.fc = nn.Linear(768, _NUM_CLASSES)


class InceptionV3(nn.Module):
    """float [N, 3, 299, 299], RGB over ImageNet's mean and deviation -> float [N, 2048].

    transform_input: turn ImageNet's normalisation into the (x - 0.5) / 0.5 that the published weights were trained
    with. It is no part of a state dict, so it is a part of the graph here.
    """

    def __init__(self, *, transform_input: bool = True) -> None:
        super().__init__()
        self.transform_input = transform_input
        self.Conv2d_1a_3x3 = ConvNormRelu(3, Conv("", 32, (3, 3), 2))
        self.Conv2d_2a_3x3 = ConvNormRelu(32, Conv("", 32, (3, 3)), padded=False)
        self.Conv2d_2b_3x3 = ConvNormRelu(32, Conv("", 64, (3, 3)))
        self.Conv2d_3b_1x1 = ConvNormRelu(64, Conv("", 80))
        self.Conv2d_4a_3x3 = ConvNormRelu(80, Conv("", 192, (3, 3)), padded=False)
        self.Mixed_5b = _fine_block(192, 32)
        self.Mixed_5c = _fine_block(256, 64)
        self.Mixed_5d = _fine_block(288, 64)
        self.Mixed_6a = _first_reduction(288)
        self.Mixed_6b = _middle_block(768, 128)
        self.Mixed_6c = _middle_block(768, 160)
        self.Mixed_6d = _middle_block(768, 160)
        self.Mixed_6e = _middle_block(768, 192)
        self.AuxLogits = AuxiliaryHead(768)
        self.Mixed_7a = _second_reduction(768)
        self.Mixed_7b = _coarse_block(1280)
        self.Mixed_7c = _coarse_block(2048)
        self.fc = nn.Linear(NUM_FEATURES, _NUM_CLASSES)
        # Constants of the graph: in no state dict, or its keys would not be torchvision's.
        scale = torch.tensor(IMAGENET_STD) / 0.5
        shift = (torch.tensor(IMAGENET_MEAN) - 0.5) / 0.5
        self.register_buffer("_scale", scale[None, :, None, None], persistent=False)
        self.register_buffer("_shift", shift[None, :, None, None], persistent=False)

    def forward(self, images_NCHW: Tensor) -> Tensor:
        x = images_NCHW * self._scale + self._shift if self.transform_input else images_NCHW
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))
        x = F.max_pool2d(x, 3, stride=2)
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x)))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return x.mean(dim=(2, 3))

    @property
    def dtype(self) -> torch.dtype:
        return self.fc.weight.dtype

    def fold_norms(self) -> None:
        """Folds every batch norm into its convolution: the same function, faster, to which no state dict loads."""
        for module in list(self.modules()):
            if isinstance(module, ConvNormRelu):
                module.fold()


def of_square_frames(network: InceptionV3) -> FrameFeatures:
    """The graph that is exported and served: its frames come stretched, in whole levels as OpenCV does it."""
    return FrameFeatures(network, any_size=False)


class FrameFeatures(nn.Module):
    """Frames as they are decoded, straight into the network: uint8 [N, H, W, 3] RGB -> float32 [N, 2048].

    In the graph: the stretch to 299x299, /255, ImageNet's mean and deviation, `transform_input`. any_size False takes
    frames of 299x299 alone, which spares an exported graph the stretch.
    """

    def __init__(self, network: InceptionV3, *, any_size: bool = True) -> None:
        super().__init__()
        self.network = network
        self._any_size = any_size
        self.register_buffer("_mean", torch.tensor(IMAGENET_MEAN)[None, :, None, None], persistent=False)
        self.register_buffer("_std", torch.tensor(IMAGENET_STD)[None, :, None, None], persistent=False)

    def forward(self, frames_NHWC: Tensor) -> Tensor:
        x = stretched_on_device(frames_NHWC, INPUT_PX) if self._any_size else frames_NHWC
        x = (x.permute(0, 3, 1, 2).float() / 255.0 - self._mean) / self._std
        return self.network(x.to(self.network.dtype)).float()
