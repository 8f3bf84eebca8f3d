"""How far a score may be trusted: it is counted anew over clips that are drawn with repetition. Pure, seeded.

Where there is one clip alone its seconds are drawn, since frames beside each other say the same; of a few of them a
thousand draws would only look sure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

BLOCK_FRAMES = 25
"""Of a second, which stay together."""

LEAST_BLOCKS = 6
"""Of one clip; of fewer nothing is told. Of a minute of video, whose last tenth is held out, there are as many."""

_NUM_RESAMPLED = 1000
_PERCENTILES = (2.5, 97.5)

T = TypeVar("T")


def blocks_of(frames: Sequence[int]) -> list[range]:
    """The places in `frames`, held-out frames of one clip in order, that are drawn together: of a second each or a
    little more.
    """
    if not frames:
        return []
    num = max(1, (frames[-1] + 1 - frames[0]) // BLOCK_FRAMES)
    ends = np.searchsorted(frames, frames[0] + np.arange(1, num) * (frames[-1] + 1 - frames[0]) / num)
    edges = [0, *map(int, ends), len(frames)]
    return [range(first, last) for first, last in itertools.pairwise(edges) if last > first]


def resampled(clips: Sequence[T], seed: int) -> Iterator[list[T]]:
    """As many clips as there are, drawn with repetition, a thousand times."""
    random = np.random.default_rng(seed)
    for _ in range(_NUM_RESAMPLED):
        yield [clips[i] for i in random.integers(0, len(clips), len(clips))]


def interval_of(values: Sequence[float]) -> tuple[float, float]:
    """Where 95 % of them lie."""
    low, high = np.percentile(values, _PERCENTILES)
    return float(low), float(high)
