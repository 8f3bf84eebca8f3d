"""The likeliest text, whose probability is the sum over all paths that spell it, by a beam over prefixes.

Source: Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs
(https://arxiv.org/abs/1408.2873), algorithm 1, without a language model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float32Array

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Hypothesis:
    """ids: of a text. log_prob: ln of the probability of all paths to it that the beam has kept."""

    ids: Ids
    log_prob: float


@dataclass(slots=True)
class _Ends:
    """ln of the probability of the paths to a prefix that end with a blank, and of those that end with its last id."""

    blank: float = -math.inf
    own: float = -math.inf

    @property
    def total(self) -> float:
        return _add(self.blank, self.own)


def prefix_beam(
    log_probs_SK: Float32Array, blank: int, width: int = 20, least_log_prob: float = -12.0
) -> list[Hypothesis]:
    """Up to width texts, the likeliest first; of equally likely ones the one whose ids come first.

    log_probs_SK: ln of the probabilities of K classes at S steps. width: prefixes kept at each step; where it is no
    less than how many there are, the result is exact. least_log_prob: a class less likely than that at a step is not
    tried there; -inf: all are. Raises ValueError for a width below 1.
    """
    if width < 1:
        raise ValueError(f"a beam is 1 wide or more, not {width}")
    beam: dict[Ids, _Ends] = {(): _Ends(blank=0.0)}
    for step_K in np.asarray(log_probs_SK, dtype=np.float64):
        tried = [int(k) for k in np.flatnonzero(step_K >= least_log_prob) if k != blank]
        grown: dict[Ids, _Ends] = {}
        for prefix, ends in beam.items():
            _grow(grown, prefix, ends, step_K.tolist(), tried, blank)
        reached = [item for item in grown.items() if item[1].total > -math.inf]
        best = sorted(reached, key=lambda item: (-item[1].total, item[0]))
        beam = dict(best[:width])
    return [Hypothesis(prefix, ends.total) for prefix, ends in beam.items()]


def _grow(grown: dict[Ids, _Ends], prefix: Ids, ends: _Ends, step_K: list[float], tried: list[int], blank: int) -> None:
    """Adds where the paths to a prefix may be after one more step."""
    total = ends.total
    stays = grown.setdefault(prefix, _Ends())
    stays.blank = _add(stays.blank, total + step_K[blank])
    for class_id in tried:
        log_prob = step_K[class_id]
        repeats = bool(prefix) and prefix[-1] == class_id
        if repeats:
            stays.own = _add(stays.own, ends.own + log_prob)
        # The same id once more is only spelled past a blank.
        longer = grown.setdefault((*prefix, class_id), _Ends())
        longer.own = _add(longer.own, (ends.blank if repeats else total) + log_prob)


def _add(a: float, b: float) -> float:
    """ln(e^a + e^b)."""
    high, low = (a, b) if a >= b else (b, a)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
