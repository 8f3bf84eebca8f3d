"""How far a rate may be off because these clips were tested and no others: a bootstrap over clips. Pure.

Source: Bisani and Ney, Bootstrap Estimates for Confidence Intervals in ASR Performance Evaluation (ICASSP 2004).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.training.lipreading.scores.counts import Counts

# Indices at once: 8 bytes each.
_BLOCK = 2_000_000


def bootstrap_interval(
    clips: Sequence[Counts], seed: int, num_resamples: int = 1000, share: float = 0.95
) -> tuple[float, float]:
    """(low, high) of the corpus-level rate over num_resamples samples of as many clips, drawn with replacement.

    The same clips in the same order, seed and num_resamples give the same numbers. Raises ValueError for no clips.
    """
    if not clips or num_resamples < 1 or not 0 < share < 1:
        raise ValueError(f"{len(clips)} clips, {num_resamples} resamples, share {share}: 1 or more, 0 < share < 1")
    errors = np.array([one.errors for one in clips], dtype=np.int64)
    units = np.array([one.reference_units for one in clips], dtype=np.int64)
    draw = np.random.Generator(np.random.PCG64(seed))
    rates: list[float] = []
    while len(rates) < num_resamples:
        rows = min(num_resamples - len(rates), max(1, _BLOCK // len(clips)))
        drawn = draw.integers(0, len(clips), size=(rows, len(clips)))
        rates += (errors[drawn].sum(1) / np.maximum(units[drawn].sum(1), 1)).tolist()
    low, high = np.quantile(rates, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)
