"""What pictures go through on the device: grey, crop and flip, size, brightness, normalisation, speed, masks.

Every clip by itself, so that its frames do not depend on what is beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from services.training.lipreading.networks.packing import frame_places, packed, padded
from services.training.lipreading.preparation.draws import ClipDraw, num_frames_at

# ITU-R BT.601, as OpenCV's RGB to grey.
GREY = (0.299, 0.587, 0.114)
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Crop:
    """A window of height_px x width_px of each picture, shrunk to out_height_px x out_width_px by areas.

    margin_px: (y, x) by which it may be shifted from the middle; where it leaves the picture, its edge is repeated.
    """

    height_px: int
    width_px: int
    out_height_px: int
    out_width_px: int
    margin_yx_px: tuple[int, int]

    def __post_init__(self) -> None:
        if not 0 < self.out_height_px <= self.height_px or not 0 < self.out_width_px <= self.width_px:
            raise ValueError(f"a crop is shrunk, not grown: {self}")


def prepare(frames_BTHWC: Tensor, lengths_B: Tensor, draws: Sequence[ClipDraw], crop: Crop) -> tuple[Tensor, Tensor]:
    """uint8 [B, T, H, W, 1 or 3], int64 [B] lengths of 1..T on the CPU -> float32 [B, T', height, width], int64 [B]
    lengths on the CPU. Each clip's own frames have mean 0 and variance 1; past its end there are zeros.
    """
    device, (batch_size, num_frames) = frames_BTHWC.device, frames_BTHWC.shape[:2]
    places_N = frame_places(lengths_B, num_frames).to(device)
    clip_N = torch.repeat_interleave(torch.arange(batch_size), lengths_B).to(device)
    grey_NHW = _grey(packed(frames_BTHWC, places_N))
    small_NHW = _cropped(grey_NHW, clip_N, draws, crop)
    gamma_B = torch.tensor([draw.gamma for draw in draws], dtype=torch.float32).to(device)
    normal_NHW = _normalised(small_NHW ** gamma_B[clip_N][:, None, None], clip_N, lengths_B.to(device))
    return _in_time(normal_NHW, lengths_B, draws)


def _grey(frames_NHWC: Tensor) -> Tensor:
    """uint8 [N, H, W, 1 or 3] -> float32 [N, H, W], 0..1."""
    if frames_NHWC.shape[-1] == 1:
        return frames_NHWC[..., 0].float() / 255
    red, green, blue = (frames_NHWC[..., i].float() * (share / 255) for i, share in enumerate(GREY))
    return red + green + blue


def _cropped(grey_NHW: Tensor, clip_N: Tensor, draws: Sequence[ClipDraw], crop: Crop) -> Tensor:
    device, (height, width) = grey_NHW.device, grey_NHW.shape[1:]
    top_B = [offset_px(height - crop.height_px, crop.margin_yx_px[0], draw.shift_yx[0]) for draw in draws]
    left_B = [offset_px(width - crop.width_px, crop.margin_yx_px[1], draw.shift_yx[1]) for draw in draws]
    rows_BH = torch.tensor(top_B)[:, None] + torch.arange(crop.height_px)
    columns_BW = torch.tensor(left_B)[:, None] + torch.arange(crop.width_px)
    flip_B = torch.tensor([draw.flip for draw in draws])
    columns_BW = torch.where(flip_B[:, None], columns_BW.flip(1), columns_BW)
    rows_NH = rows_BH.clamp(0, height - 1).to(device)[clip_N]
    columns_NW = columns_BW.clamp(0, width - 1).to(device)[clip_N]
    tall_NHW = grey_NHW.gather(1, rows_NH[:, :, None].expand(-1, -1, width))
    window_NHW = tall_NHW.gather(2, columns_NW[:, None, :].expand(-1, crop.height_px, -1))
    if (crop.height_px, crop.width_px) == (crop.out_height_px, crop.out_width_px):
        return window_NHW
    return F.adaptive_avg_pool2d(window_NHW[:, None], (crop.out_height_px, crop.out_width_px))[:, 0]


def offset_px(room_px: int, margin_px: int, shift: float) -> int:
    """Where a window begins that leaves room_px of a picture, which is below 0 where it is larger than that."""
    return room_px // 2 + round(margin_px * shift)


def _normalised(x_NHW: Tensor, clip_N: Tensor, lengths_B: Tensor) -> Tensor:
    """Mean 0 and variance 1 over all pixels of a clip; a clip of one colour becomes 0."""

    def clip_mean(value_N: Tensor) -> Tensor:
        return torch.zeros(len(lengths_B), device=value_N.device).index_add(0, clip_N, value_N) / lengths_B

    mean_B = clip_mean(x_NHW.mean((1, 2)))
    centred_NHW = x_NHW - mean_B[clip_N][:, None, None]
    spread_B = clip_mean(centred_NHW.square().mean((1, 2))).sqrt().clamp_min(LEAST_SPREAD)
    return centred_NHW / spread_B[clip_N][:, None, None]


def _in_time(x_NHW: Tensor, lengths_B: Tensor, draws: Sequence[ClipDraw]) -> tuple[Tensor, Tensor]:
    """Frame i of a clip at a speed is what lies at i * speed: between two frames, both by how near they are."""
    lengths = lengths_B.tolist()
    counts = [num_frames_at(length, draw.speed) for length, draw in zip(lengths, draws, strict=True)]
    counts_B = torch.tensor(counts, dtype=torch.int64)
    first = [sum(lengths[:i]) for i in range(len(lengths))]
    if any(draw.speed != 1 for draw in draws):
        place = [
            torch.arange(count, dtype=torch.float64) * draw.speed for count, draw in zip(counts, draws, strict=True)
        ]
        before = [p.floor().long().clamp(max=length - 1) for p, length in zip(place, lengths, strict=True)]
        share_N = torch.cat([p - b for p, b in zip(place, before, strict=True)]).float().clamp(0, 1)
        behind = [(b + 1).clamp(max=length - 1) for b, length in zip(before, lengths, strict=True)]
        before_N, behind_N = (
            torch.cat([offset + index for offset, index in zip(first, part, strict=True)]).to(x_NHW.device)
            for part in (before, behind)
        )
        x_NHW = x_NHW[before_N].lerp(x_NHW[behind_N], share_N.to(x_NHW.device)[:, None, None])
    longest = max(counts)
    x_BTHW = padded(x_NHW, frame_places(counts_B, longest).to(x_NHW.device), len(counts), longest)
    seen_BT = torch.ones(len(counts), longest)
    for clip, draw in enumerate(draws):
        for start, size in draw.masks:
            seen_BT[clip, start : start + size] = 0
    if any(size for draw in draws for _, size in draw.masks):
        x_BTHW = x_BTHW * seen_BT.to(x_BTHW.device)[:, :, None, None]
    return x_BTHW, counts_B
