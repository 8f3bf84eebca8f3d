"""The CTC loss of a micro-batch, as a sum with the number of characters that it is a sum over.

Source: Graves et al., Connectionist Temporal Classification (ICML 2006).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from services.training.interfaces import LossSum
from services.training.lipreading.alphabet import steps_needed


def ctc_loss_sum(
    logits_BSK: Tensor, steps_B: Tensor, labels_BL: Tensor, label_lengths_B: Tensor, blank: int
) -> LossSum:
    """The sum over clips of -ln p(label), and the number of characters of these labels.

    logits_BSK: scores of K classes at S steps, any float type; the loss is computed in float32. steps_B: int64 steps of
    each clip. labels_BL: int64 ids, whatever they are past label_lengths_B. A clip that CTC cannot align, because it
    has fewer steps than its label needs, counts in neither.
    """
    steps, lengths, labels = steps_B.cpu(), label_lengths_B.cpu(), labels_BL.cpu()
    kept = [i for i in range(len(steps)) if _alignable(labels[i, : int(lengths[i])].tolist(), int(steps[i]))]
    if not kept:
        return LossSum(logits_BSK.float().sum() * 0.0, 0)
    with torch.autocast(logits_BSK.device.type, enabled=False):
        log_probs_SBK = logits_BSK[kept].float().log_softmax(-1).transpose(0, 1)
        targets = torch.cat([labels[i, : int(lengths[i])] for i in kept])
        total = F.ctc_loss(log_probs_SBK, targets, steps[kept], lengths[kept], blank=blank, reduction="sum")
    return LossSum(total, int(lengths[kept].sum()))


def _alignable(ids: list[int], num_steps: int) -> bool:
    # Without a label there is nothing to count.
    return bool(ids) and num_steps >= steps_needed(ids)


def log_probs_of_clips(logits_BSK: Tensor, steps_B: Tensor) -> list[Tensor]:
    """Of each clip float32 [S, K] on the CPU: ln of the probabilities of K classes at its S steps."""
    log_probs_BSK = logits_BSK.detach().float().log_softmax(-1).cpu()
    return [one[:steps] for one, steps in zip(log_probs_BSK, steps_B.tolist(), strict=True)]
