"""Where in time the characters of a text lie: the likeliest path through CTC's steps that spells it. Pure.

Source: Graves et al., Connectionist Temporal Classification (ICML 2006), its trellis with the maximum for the sum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.base.media.arrays import Float32Array


def likeliest_steps(log_probs_SK: Float32Array, ids: Sequence[int], blank: int) -> list[int]:
    """Of each id the step at which the path that spells all of them is surest of it. Of equally good ones the first.

    log_probs_SK: ln of the probabilities of K classes at S steps. Raises ValueError where no path spells the ids.
    """
    if not ids:
        return []
    states = [blank, *(one for i in ids for one in (i, blank))]
    emitted_SN = np.asarray(log_probs_SK, np.float64)[:, states]
    num_steps, num_states = emitted_SN.shape
    skips_N = np.array([n >= 2 and states[n] not in (blank, states[n - 2]) for n in range(num_states)])
    best_N = np.full(num_states, -np.inf)
    best_N[:2] = emitted_SN[0, :2]
    came_SN = np.zeros((num_steps, num_states), np.int64)
    for step in range(1, num_steps):
        one_N = np.concatenate([[-np.inf], best_N[:-1]])
        two_N = np.where(skips_N, np.concatenate([[-np.inf, -np.inf], best_N[:-2]]), -np.inf)
        ways_3N = np.stack([best_N, one_N, two_N])
        came_SN[step] = ways_3N.argmax(axis=0)
        best_N = ways_3N.max(axis=0) + emitted_SN[step]
    state = num_states - 1 if best_N[-1] >= best_N[-2] else num_states - 2
    if best_N[state] == -np.inf:
        raise ValueError(f"no path of {num_steps} steps spells {len(ids)} ids")
    found: list[tuple[float, int]] = [(-np.inf, 0)] * len(ids)
    for step in range(num_steps - 1, -1, -1):
        if state % 2 and emitted_SN[step, state] >= found[state // 2][0]:
            found[state // 2] = (float(emitted_SN[step, state]), step)
        state -= int(came_SN[step, state])
    return [step for _, step in found]
