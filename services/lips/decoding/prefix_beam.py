"""The likeliest text, whose probability is the sum over all paths that spell it, by a beam over prefixes.

Source: Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs
(https://arxiv.org/abs/1408.2873), algorithm 1, with a language model over characters where there is one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float32Array
from services.lips.language_model.fusion import Fusion

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Hypothesis:
    """ids: of a text. log_prob: ln of the probability of all paths to it that the beam has kept. score: that, and what
    a language model adds.
    """

    ids: Ids
    log_prob: float
    score: float


@dataclass(slots=True)
class _Ends:
    """ln of the probability of the paths to a prefix that end with a blank, and of those that end with its last id."""

    blank: float = -math.inf
    own: float = -math.inf

    @property
    def total(self) -> float:
        return _add(self.blank, self.own)


def prefix_beam(
    log_probs_SK: Float32Array,
    blank: int,
    width: int = 20,
    least_log_prob: float = -12.0,
    fusion: Fusion | None = None,
) -> list[Hypothesis]:
    """Up to width texts, that of the best score first; of equal ones the one whose ids come first.

    log_probs_SK: ln of the probabilities of K classes at S steps. width: prefixes kept at each step; where it is no
    less than how many there are, the result is exact. least_log_prob: a class less likely than that at a step is not
    tried there; -inf: all are. fusion: of a language model, which is asked once for each character of a prefix that is
    reached, and for the end of those that are left; without one a score is log_prob. Raises ValueError for a width
    below 1.
    """
    if width < 1:
        raise ValueError(f"a beam is 1 wide or more, not {width}")
    beam: dict[Ids, _Ends] = {(): _Ends(blank=0.0)}
    added: dict[Ids, float] = {(): 0.0}
    for step_K in np.asarray(log_probs_SK, dtype=np.float64):
        tried = [int(k) for k in np.flatnonzero(step_K >= least_log_prob) if k != blank]
        grown: dict[Ids, _Ends] = {}
        for prefix, ends in beam.items():
            _grow(grown, prefix, ends, step_K.tolist(), tried, blank)
        totals = {prefix: ends.total for prefix, ends in grown.items()}
        if fusion is not None:
            added = {prefix: _added(fusion, prefix, added) for prefix, total in totals.items() if total > -math.inf}
        ranked = sorted((-(total + added.get(prefix, 0.0)), prefix) for prefix, total in totals.items())
        beam = {prefix: grown[prefix] for score, prefix in ranked[:width] if score < math.inf}
    found = []
    for prefix, ends in beam.items():
        of_model = 0.0 if fusion is None else added[prefix] + fusion.of_end(prefix)
        found.append(Hypothesis(prefix, ends.total, ends.total + of_model))
    return sorted(found, key=lambda one: (-one.score, one.ids))


def _added(fusion: Fusion, prefix: Ids, added: Mapping[Ids, float]) -> float:
    """What a language model adds to a prefix that was reached from one of these, or is one."""
    return added[prefix] if prefix in added else added[prefix[:-1]] + fusion.of_next(prefix[:-1], prefix[-1])


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
