"""What a network that paints a mouth is given, and how far what it paints is from the picture.

As SyncTalk_2D's data set makes it: a reference picture, and the frame itself with all but its rim black.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from services.lips.talker_input import MASKS

_WINDOW_PX, _SIGMA_PX = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


def pictures_of(references_BHWC: torch.Tensor, faces_BHWC: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(input float32 [B, 6, H, W], target float32 [B, 3, H, W]) of uint8 BGR [B, H, W, 3], H = 320 or 160."""
    target_B3HW = faces_BHWC.permute(0, 3, 1, 2).float().div_(255)
    masked_B3HW = target_B3HW.clone()
    mask = MASKS[int(faces_BHWC.shape[1])]
    masked_B3HW[:, :, mask.top : mask.bottom, mask.left : mask.right] = 0
    reference_B3HW = references_BHWC.permute(0, 3, 1, 2).float().div_(255)
    return torch.cat([reference_B3HW, masked_B3HW], 1), target_B3HW


def mouth_weights(mouths_B4: torch.Tensor, size_px: int, weight: float) -> torch.Tensor:
    """float32 [B, 1, H, W]: weight within each mouth, 1 elsewhere. mouths_B4: left, top, right, bottom, px."""
    along = torch.arange(size_px, device=mouths_B4.device)
    left, top, right, bottom = (mouths_B4[:, i, None] for i in range(4))
    across_BW, down_BH = (along >= left) & (along < right), (along >= top) & (along < bottom)
    inside_BHW = down_BH[:, :, None] & across_BW[:, None, :]
    return (1 + (weight - 1) * inside_BHW.float())[:, None]


def weighted_l1(made_B3HW: torch.Tensor, target_B3HW: torch.Tensor, weights_B1HW: torch.Tensor) -> torch.Tensor:
    """float32 [B]: mean absolute difference, weighted by place."""
    difference_B1HW = (made_B3HW.float() - target_B3HW).abs().mean(1, keepdim=True)
    return (difference_B1HW * weights_B1HW).sum((1, 2, 3)) / weights_B1HW.sum((1, 2, 3))


def ssim(made_B3HW: torch.Tensor, target_B3HW: torch.Tensor) -> torch.Tensor:
    """float32 [B]: structural similarity (Wang et al. 2004: a Gaussian window of 11 px, sigma 1.5), the mean over
    channels and windows that lie inside; 1 for the same picture. Values 0 to 1, H and W 11 or more.
    """
    with torch.autocast(made_B3HW.device.type, enabled=False):
        x, y = made_B3HW.float(), target_B3HW.float()
        x_mean, y_mean, xx, yy, xy = _blurred(torch.stack([x, y, x * x, y * y, x * y]))
        x_var, y_var, covariance = xx - x_mean**2, yy - y_mean**2, xy - x_mean * y_mean
        likeness = (2 * x_mean * y_mean + _C1) * (2 * covariance + _C2)
        likeness = likeness / ((x_mean**2 + y_mean**2 + _C1) * (x_var + y_var + _C2))
        return likeness.mean((1, 2, 3))


def _blurred(x_SBCHW: torch.Tensor) -> torch.Tensor:
    along = torch.arange(_WINDOW_PX, device=x_SBCHW.device) - _WINDOW_PX // 2
    kernel = torch.exp(-(along**2) / (2 * _SIGMA_PX**2))
    kernel = (kernel / kernel.sum()).reshape(1, 1, -1, 1)
    x_N1HW = x_SBCHW.reshape(-1, 1, *x_SBCHW.shape[-2:])
    x_N1HW = functional.conv2d(functional.conv2d(x_N1HW, kernel), kernel.transpose(2, 3))
    return x_N1HW.reshape(*x_SBCHW.shape[:3], *x_N1HW.shape[-2:])


def squared_errors(
    made_B3HW: torch.Tensor, target_B3HW: torch.Tensor, mouths_B4: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(whole face, box of the mouth) mean squared differences, float32 [B] each."""
    square_BHW = (made_B3HW.float() - target_B3HW).square().mean(1)
    inside_BHW = mouth_weights(mouths_B4, made_B3HW.shape[-1], 2.0)[:, 0] - 1
    mouth_B = (square_BHW * inside_BHW).sum((1, 2)) / inside_BHW.sum((1, 2)).clamp(min=1)
    return square_BHW.mean((1, 2)), mouth_B


def temporal_l1(made_B3HW: torch.Tensor, target_B3HW: torch.Tensor, mouths_B4: torch.Tensor) -> torch.Tensor:
    """float32 [B]: how far a mouth changes otherwise from a frame to the next than the real one, mean absolute
    difference within the box of the first; both of a pair, which stand beside each other, have one value.
    """
    change_P3HW = (made_B3HW.float() - target_B3HW).unflatten(0, (-1, 2)).diff(dim=1).squeeze(1)
    inside_PHW = mouth_weights(mouths_B4[::2], made_B3HW.shape[-1], 2.0)[:, 0] - 1
    mouth_P = (change_P3HW.abs().mean(1) * inside_PHW).sum((1, 2)) / inside_PHW.sum((1, 2)).clamp(min=1)
    return mouth_P.repeat_interleave(2)
