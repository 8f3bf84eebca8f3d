"""PURE: learning rates as factors on the optimiser's own, by how much of the training is done."""

from __future__ import annotations

import math
from collections.abc import Sequence


def warm_up(share: float, warm_up_share: float) -> float:
    """A ramp from 0 to 1 over the first warm_up_share of the training, then 1. share: in [0, 1)."""
    return 1.0 if share >= warm_up_share else share / warm_up_share


def cosine(share: float, warm_up_share: float, floor: float = 0.0) -> float:
    """The ramp, then half a cosine from 1 down to floor (Loshchilov and Hutter, 2017)."""
    if share < warm_up_share:
        return warm_up(share, warm_up_share)
    done = (share - warm_up_share) / (1.0 - warm_up_share)
    return floor + (1.0 - floor) * (1.0 + math.cos(math.pi * min(1.0, done))) / 2.0


def plateau(share: float, warm_up_share: float, losses: Sequence[float], patience: int, factor: float = 0.5) -> float:
    """The ramp, times factor for each time that `patience` epochs brought no lower loss.

    losses: of the validations so far, one an epoch.
    """
    best, waited, scale = math.inf, 0, 1.0
    for loss in losses:
        waited = 0 if loss < best else waited + 1
        best = min(best, loss)
        if waited > patience:
            scale, waited = scale * factor, 0
    return scale * warm_up(share, warm_up_share)
