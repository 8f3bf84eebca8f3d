"""Validation, shared out over the ranks."""

from __future__ import annotations

import torch

from services.training.engine.precision import Arithmetic
from services.training.engine.ranks import Ranks
from services.training.interfaces import Pieces


def validated(model: torch.nn.Module, pieces: Pieces, ranks: Ranks, arithmetic: Arithmetic) -> dict[str, float]:
    """The scores of all validation data, by name. Raises Transient RANK_LOST; ValueError for a recipe without any."""
    if pieces.validate is None:
        raise ValueError("this recipe has no validation")
    model.eval()
    with torch.inference_mode(), arithmetic.autocast():
        sums = pieces.validate(model, ranks.rank, ranks.world_size)
    return dict(pieces.scores(ranks.sums(sums)))
