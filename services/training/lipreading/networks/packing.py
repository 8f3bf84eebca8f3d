"""Frames of a padded batch without the padding, and back.

What is computed on packed frames, a BatchNorm among it, sees no padding, and costs nothing for it.
"""

from __future__ import annotations

import torch
from torch import Tensor


def frame_places(lengths_B: Tensor, num_frames: int) -> Tensor:
    """int64 [N] on the device of lengths_B: places of each clip's frames in a batch [B * num_frames], in order."""
    inside_BT = torch.arange(num_frames, device=lengths_B.device) < lengths_B[:, None]
    return inside_BT.flatten().nonzero()[:, 0]


def packed(x_BTx: Tensor, places_N: Tensor) -> Tensor:
    """[B, T, ...] -> [N, ...]."""
    return x_BTx.flatten(0, 1)[places_N]


def padded(x_Nx: Tensor, places_N: Tensor, batch_size: int, num_frames: int) -> Tensor:
    """[N, ...] -> [B, T, ...], zeros where there is no frame."""
    flat = x_Nx.new_zeros((batch_size * num_frames, *x_Nx.shape[1:]))
    # An exporter of traces takes what unflatten makes for an array of fixed size.
    return flat.index_copy(0, places_N, x_Nx).reshape(batch_size, num_frames, *x_Nx.shape[1:])
