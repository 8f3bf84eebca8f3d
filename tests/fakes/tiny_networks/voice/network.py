"""Means over a sequence's own steps, and the nearest of a few codes for every two of them."""

import torch
from torch import Tensor, nn


class Voice(nn.Module):
    """float32 [N, T, 10], int64 [N] -> float32 [N, 4, 12], float32 [N, 12], int64 [N, T // 2]"""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(10, 12)
        self.queries = nn.Linear(12, 4 * 12)
        self.codes = nn.Linear(12, 50, bias=False)

    def forward(self, sequences_NTC: Tensor, lengths_N: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        inside_NT = torch.arange(sequences_NTC.shape[1], device=sequences_NTC.device)[None] < lengths_N[:, None]
        x_NTD = torch.where(inside_NT[:, :, None], self.project(sequences_NTC), 0.0)
        emo_ND = x_NTD.sum(dim=1) / lengths_N[:, None]
        num_pairs = sequences_NTC.shape[1] // 2
        pairs_NTD = x_NTD[:, : 2 * num_pairs].unflatten(1, (num_pairs, 2)).mean(dim=2)
        return self.queries(emo_ND).unflatten(1, (4, 12)), emo_ND, self.codes(pairs_NTD).argmax(dim=2)
