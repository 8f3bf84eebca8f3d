"""Cross-entropy of characters, as a sum that ranks and micro-batches add up."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from services.training.interfaces import LossSum

LossNorm = Literal["token", "batch"]


def cross_entropy_sum(
    logits_BLV: Tensor, targets_BL: Tensor, *, smoothing: float, pad: int, norm: LossNorm = "token"
) -> LossSum:
    """Over all targets that are not pad, in float32. smoothing: probability spread evenly over all V classes (Szegedy
    et al., https://arxiv.org/abs/1512.00567). norm: token, the sum over their number; batch, the mean over 1, so that
    the mean of a step is that of its micro-batches whatever they hold.
    """
    count = int((targets_BL != pad).sum())
    total = F.cross_entropy(
        logits_BLV.float().flatten(0, 1),
        targets_BL.flatten(),
        ignore_index=pad,
        label_smoothing=smoothing,
        reduction="sum",
    )
    if norm == "token":
        return LossSum(total, count)
    return LossSum(total / max(1, count), min(1, count))
