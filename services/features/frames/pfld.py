"""PFLD_GhostOne: offsets of a face's points from a mean face, as it is trained and as one convolution a block.

Written from the shapes and names of the published checkpoint, so that its tensors load under their own names
(https://github.com/AnthonyF333/PFLD_GhostOne). A block of training sums six convolutions, one of a single pixel, and
the input itself, each normalised; all of them are one convolution (MobileOne, https://arxiv.org/abs/2206.04040).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_NUM_BRANCHES = 6


class _NormalizedConv(nn.Module):
    def __init__(self, num_in: int, num_out: int, side: int, stride: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(num_in, num_out, side, stride, side // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(num_out)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.bn(self.conv(x))
        return out


class RepBlock(nn.Module):
    """x: float32 [N, num_in, H, W] -> [N, num_out, H / stride, W / stride].

    merged: one convolution in place of the sum of branches.
    """

    def __init__(
        self,
        num_in: int,
        num_out: int,
        side: int,
        *,
        stride: int = 1,
        groups: int = 1,
        is_linear: bool = False,
        merged: bool = False,
    ) -> None:
        super().__init__()
        self.activation = nn.Identity() if is_linear else nn.ReLU()
        self._shape = (num_in, num_out, side, groups)
        self.merged = merged
        if merged:
            self.reparam_conv = nn.Conv2d(num_in, num_out, side, stride, side // 2, groups=groups)
            return
        if num_in == num_out and stride == 1:
            self.rbr_skip = nn.BatchNorm2d(num_in)
        self.rbr_conv = nn.ModuleList(
            _NormalizedConv(num_in, num_out, side, stride, groups) for _ in range(_NUM_BRANCHES)
        )
        if side > 1:
            self.rbr_scale = _NormalizedConv(num_in, num_out, 1, stride, groups)

    def forward(self, x: Tensor) -> Tensor:
        if self.merged:
            total = self.reparam_conv(x)
        else:
            total = sum((branch(x) for branch in self.rbr_conv), torch.zeros((), dtype=x.dtype))
            for name in ("rbr_scale", "rbr_skip"):
                if hasattr(self, name):
                    total = total + getattr(self, name)(x)
        out: Tensor = self.activation(total)
        return out

    def kernel(self) -> tuple[Tensor, Tensor]:
        """(weight, bias) of the one convolution that does the same, float64."""
        num_in, _, side, groups = self._shape
        parts = [_folded(branch.conv.weight, branch.bn) for branch in self.rbr_conv]
        if hasattr(self, "rbr_scale"):
            parts.append(_folded(_padded(self.rbr_scale.conv.weight, side), self.rbr_scale.bn))
        if hasattr(self, "rbr_skip"):
            own = torch.arange(num_in)
            same = torch.zeros(num_in, num_in // groups, 1, 1)
            same[own, own % (num_in // groups)] = 1
            parts.append(_folded(_padded(same, side), self.rbr_skip))
        weights, biases = zip(*parts, strict=True)
        return torch.stack(weights).sum(dim=0), torch.stack(biases).sum(dim=0)


def _padded(weight: Tensor, side: int) -> Tensor:
    return nn.functional.pad(weight, [side // 2] * 4)


def _folded(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """A convolution's weight and the normalisation behind it as (weight, bias)."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    return weight.double() * scale[:, None, None, None], norm.bias.double() - norm.running_mean.double() * scale


class _Ghost(nn.Module):
    """Half of its outputs by a convolution of one pixel, the other half from these."""

    def __init__(self, num_in: int, num_out: int, *, is_linear: bool, merged: bool) -> None:
        super().__init__()
        half = -(-num_out // 2)
        self.primary_conv = RepBlock(num_in, half, 1, is_linear=is_linear, merged=merged)
        self.cheap_operation = RepBlock(half, half, 3, groups=half, is_linear=is_linear, merged=merged)

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary_conv(x)
        return torch.cat([primary, self.cheap_operation(primary)], dim=1)


class _Bottleneck(nn.Module):
    def __init__(self, num_in: int, num_hidden: int, num_out: int, stride: int, *, merged: bool) -> None:
        super().__init__()
        between = (
            nn.Sequential()
            if stride == 1
            else RepBlock(num_hidden, num_hidden, 3, stride=stride, groups=num_hidden, is_linear=True, merged=merged)
        )
        self.ghost_conv = nn.Sequential(
            _Ghost(num_in, num_hidden, is_linear=False, merged=merged),
            between,
            _Ghost(num_hidden, num_out, is_linear=True, merged=merged),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.ghost_conv(x)
        return out


# Name, channels within and behind at full width, stride.
_STAGES = (
    (("conv3_1", 96, 80, 2), ("conv3_2", 120, 80, 1), ("conv3_3", 120, 80, 1)),
    (("conv4_1", 200, 96, 2), ("conv4_2", 240, 96, 1), ("conv4_3", 240, 96, 1)),
    (("conv5_1", 336, 144, 2), ("conv5_2", 504, 144, 1), ("conv5_3", 504, 144, 1), ("conv5_4", 504, 144, 1)),
)


class PfldGhostOne(nn.Module):
    """float32 [N, 3, side, side], BGR in 0..1 -> float32 [N, 2 * num_points], offsets over the square's side.

    The part `localization` is in the checkpoint and is never computed.
    """

    def __init__(self, width: float = 0.5, side_px: int = 192, num_points: int = 110, *, merged: bool = False) -> None:
        super().__init__()

        def wide(num: int) -> int:
            return int(num * width)

        self.conv1 = RepBlock(3, wide(64), 3, stride=2, merged=merged)
        self.conv2 = RepBlock(wide(64), wide(64), 3, groups=wide(64), merged=merged)
        num_before = 64
        for stage in _STAGES:
            for name, num_hidden, num_out, stride in stage:
                self.add_module(
                    name, _Bottleneck(wide(num_before), wide(num_hidden), wide(num_out), stride, merged=merged)
                )
                num_before = num_out
        self.conv6 = _Bottleneck(wide(144), wide(216), wide(16), 1, merged=merged)
        self.conv7 = RepBlock(wide(16), wide(32), 3, merged=merged)
        self.conv8 = nn.Sequential(nn.Conv2d(wide(32), wide(128), side_px // 16, bias=False), nn.ReLU())
        self.conv_out = nn.Conv2d(wide(64) + wide(80) + wide(96) + wide(144) + wide(128), 2 * num_points, 1)
        self.localization = nn.Sequential(
            nn.Conv2d(1, 8, 7), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(8, 10, 5), nn.MaxPool2d(2), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2(self.conv1(x))
        scales = [x.mean(dim=(2, 3), keepdim=True)]
        for stage in _STAGES:
            for name, *_ in stage:
                x = self.get_submodule(name)(x)
            scales.append(x.mean(dim=(2, 3), keepdim=True))
        scales.append(self.conv8(self.conv7(self.conv6(x))))
        offsets: Tensor = self.conv_out(torch.cat(scales, dim=1)).flatten(1)
        return offsets


def merged_of(trained: PfldGhostOne) -> PfldGhostOne:
    """The same function with one convolution a block, of 110 points: 314,780 numbers in place of 878,304."""
    merged = PfldGhostOne(merged=True).eval()
    with torch.no_grad():
        blocks = {name: part for name, part in trained.named_modules() if isinstance(part, RepBlock)}
        for name, block in blocks.items():
            weight, bias = block.kernel()
            conv = merged.get_submodule(f"{name}.reparam_conv")
            assert isinstance(conv, nn.Conv2d)
            assert conv.bias is not None
            conv.weight.copy_(weight)
            conv.bias.copy_(bias)
        of_blocks = tuple(f"{name}." for name in blocks)
        rest = {name: value for name, value in trained.state_dict().items() if not name.startswith(of_blocks)}
        merged.load_state_dict(rest, strict=False)
    return merged
