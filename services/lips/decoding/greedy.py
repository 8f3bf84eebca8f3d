"""The text of the likeliest class at each step."""

from __future__ import annotations

import itertools

from services.base.media.arrays import Float32Array


def greedy(log_probs_SK: Float32Array, blank: int) -> tuple[int, ...]:
    """Ids of the best path: equal neighbours are one, blanks are none. log_probs_SK: K classes at S steps; of equally
    likely ones the first is taken.
    """
    path = log_probs_SK.argmax(axis=1).tolist() if len(log_probs_SK) else []
    return tuple(class_id for class_id, _ in itertools.groupby(path) if class_id != blank)
