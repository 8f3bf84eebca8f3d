"""The bilinear stretch of OpenCV on whole levels, as a part of a graph: the same bytes as `ops.stretched`.

Interpolating in floating point differs by a level in a tenth of all pixels, which the vectors show. OpenCV weighs in
2048ths and drops bits between rows and columns (resize.cpp, 8-bit INTER_LINEAR); whole numbers do the same anywhere.
"""

from __future__ import annotations

import torch
from torch import Tensor

_ONE = 2048


def stretched_on_device(frames_NHWC: Tensor, size_px: int) -> Tensor:
    """uint8 [N, H, W, 3] -> int32 [N, size, size, 3], values 0..255, on the device of the frames."""
    columns = _columns(frames_NHWC, size_px)
    above, below, above_weight, below_weight = _rows(frames_NHWC, size_px)
    # Only rows that are leant on are ever weighed: the rest of a large frame costs nothing.
    upper = _shifted(_across(frames_NHWC.index_select(1, above), *columns) * above_weight, 16)
    lower = _shifted(_across(frames_NHWC.index_select(1, below), *columns) * below_weight, 16)
    return _shifted(upper + lower + 2, 2)


def _across(rows_NHWC: Tensor, left: Tensor, right: Tensor, left_weight: Tensor, right_weight: Tensor) -> Tensor:
    low, high = rows_NHWC.index_select(2, left).int(), rows_NHWC.index_select(2, right).int()
    return _shifted(low * left_weight + high * right_weight, 4)


def _shifted(x: Tensor, num_bits: int) -> Tensor:
    """The value shifted right, for values of at least 0: ONNX shifts no signed numbers."""
    return x // (1 << num_bits)


def _columns(frames_NHWC: Tensor, size_px: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    last = frames_NHWC.shape[2] - 1
    position = _positions(frames_NHWC, 2, size_px).clamp(min=0.0)
    low = position.floor().to(torch.int64).clamp(max=last)
    # Beyond the last column there is nothing to lean to; of rows OpenCV weighs the last one twice instead.
    part = torch.where(low >= last, torch.zeros_like(position), position - position.floor())
    one, other = _weights(part)
    return low, (low + 1).clamp(max=last), one[None, None, :, None], other[None, None, :, None]


def _rows(frames_NHWC: Tensor, size_px: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    last = frames_NHWC.shape[1] - 1
    position = _positions(frames_NHWC, 1, size_px)
    floor = position.floor()
    low = floor.to(torch.int64)
    one, other = _weights(position - floor)
    above, below = low.clamp(min=0).clamp(max=last), (low + 1).clamp(min=0).clamp(max=last)
    return above, below, one[None, :, None, None], other[None, :, None, None]


def _positions(frames_NHWC: Tensor, axis: int, size_px: int) -> Tensor:
    """float32 [size]: where the middle of each output pixel lies in the input."""
    middle = torch.arange(size_px, dtype=torch.float64, device=frames_NHWC.device) + 0.5
    # A double throughout: exporters make a plain quotient of sizes a float, which lands on other neighbours.
    side = torch.ones_like(middle) * frames_NHWC.shape[axis]
    return (middle * (side / size_px) - 0.5).to(torch.float32)


def _weights(part: Tensor) -> tuple[Tensor, Tensor]:
    """int32 [size] each: the shares of the lower and the upper neighbour in 2048ths."""
    return ((1.0 - part) * _ONE).round().to(torch.int32), (part * _ONE).round().to(torch.int32)
