"""The loss of lips and sound: each face is to find its own sound in the micro-batch, and each sound its face.

Positive pairs alone teach nothing (https://github.com/anliyuan/Ultralight-Digital-Human/issues/196): a network that
says yes to all has no loss left.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from services.training.talker.networks.syncnet import SyncNet

_FIRST_SCALE = 10.0
_MOST_SCALE = 100.0


class ScaledSyncNet(nn.Module):
    """The network, and the scale of its likenesses, which is learnt with it (as CLIP's, arXiv 2103.00020)."""

    def __init__(self, network: SyncNet) -> None:
        super().__init__()
        self.network = network
        self.log_scale = nn.Parameter(torch.tensor(_FIRST_SCALE).log())

    @property
    def scale(self) -> torch.Tensor:
        return self.log_scale.exp().clamp(max=_MOST_SCALE)

    def forward(self, faces_B3HW: torch.Tensor, sounds_BCHW: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As the network's."""
        sounds, faces = self.network(faces_B3HW, sounds_BCHW)
        return sounds, faces


def as_input(faces_BHWC: torch.Tensor) -> torch.Tensor:
    """uint8 -> float32 [B, 3, H, W], 0 to 1, channels last in memory."""
    return faces_BHWC.permute(0, 3, 1, 2).float().div_(255)


def contrastive_loss(
    sounds_BD: torch.Tensor,
    faces_BD: torch.Tensor,
    clips_B: torch.Tensor,
    frames_B: torch.Tensor,
    scale: torch.Tensor,
    least_apart: int,
) -> torch.Tensor:
    """Sum over the frames of the mean of both cross-entropies, float32. Unit vectors; pairs of one clip that lie closer
    than least_apart frames are neither positive nor negative.
    """
    logits_BB = scale * (faces_BD.float() @ sounds_BD.float().T)
    near_BB = (clips_B[:, None] == clips_B[None]) & ((frames_B[:, None] - frames_B[None]).abs() < least_apart)
    own_BB = torch.eye(len(frames_B), dtype=torch.bool, device=logits_BB.device)
    logits_BB = logits_BB.masked_fill(near_BB & ~own_BB, float("-inf"))
    target_B = torch.arange(len(frames_B), device=logits_BB.device)
    losses = [functional.cross_entropy(one, target_B, reduction="sum") for one in (logits_BB, logits_BB.T)]
    return (losses[0] + losses[1]) / 2


def original_loss(sounds_BD: torch.Tensor, faces_BD: torch.Tensor) -> torch.Tensor:
    """The original's, for comparison: binary cross-entropy of positive pairs alone, their likeness mapped to 0..1."""
    likeness_B = ((sounds_BD.float() * faces_BD.float()).sum(1) + 1) / 2
    return -likeness_B.clamp(1e-7, 1).log().sum()


def lacking_likeness(sounds_BD: torch.Tensor, made_BD: torch.Tensor, real_BD: torch.Tensor) -> torch.Tensor:
    """How much less painted faces are like their sounds than the real ones are, summed: 0 to 1 each.

    The original asks for a likeness of 1, which real faces do not have: a network then paints what a SyncNet takes for
    speech, and no face (on a drawn speaker 14 dB, and 9 of them are lost by it). Here the real picture costs nothing.
    """
    made_B, real_B = ((sounds_BD.float() * one.float()).sum(1) for one in (made_BD, real_BD))
    return ((real_B - made_B) / 2).clamp(min=0).sum()
