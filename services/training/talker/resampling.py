"""How far a score may be trusted: it is counted anew over clips that are drawn with repetition. Pure, seeded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

_NUM_RESAMPLED = 1000
_PERCENTILES = (2.5, 97.5)

T = TypeVar("T")


def resampled(clips: Sequence[T], seed: int) -> Iterator[list[T]]:
    """As many clips as there are, drawn with repetition, a thousand times."""
    random = np.random.default_rng(seed)
    for _ in range(_NUM_RESAMPLED):
        yield [clips[i] for i in random.integers(0, len(clips), len(clips))]


def interval_of(values: Sequence[float]) -> tuple[float, float]:
    """Where 95 % of them lie."""
    low, high = np.percentile(values, _PERCENTILES)
    return float(low), float(high)
