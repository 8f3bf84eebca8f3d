"""PURE: the plan of an epoch: which items each optimiser step takes, and in which micro-batches.

A function of the data's digest, the seed and the epoch alone. Nothing here knows how many ranks or workers there are:
they share out the micro-batches of a step, so that a training goes on at any place with any number of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from services.training.interfaces import Item, Step

# Lengths are spread by up to this share before they are sorted: other items come together in each epoch.
_SPREAD = 0.1


def plan_epoch(
    items: Sequence[Item],
    *,
    data_digest: str,
    seed: int,
    epoch: int,
    budget_cost: int,
    micro_batches_per_step: int,
    budget_items: int = 0,
) -> tuple[Step, ...]:
    """The steps of an epoch, in order. Each item is in exactly one micro-batch.

    budget_cost: of a micro-batch when padded: its longest item times their number. An item that costs more alone is a
    micro-batch by itself. budget_items: how many items a micro-batch has at most; 0: any number. The last step may have
    fewer micro-batches.
    Raises ValueError for a budget or a number below 1, but for budget_items 0.
    """
    if budget_cost < 1 or micro_batches_per_step < 1 or budget_items < 0:
        raise ValueError(
            f"budget {budget_cost} and {micro_batches_per_step} micro-batches a step are 1 or more, at most "
            f"{budget_items} items is 0 or more"
        )
    cost_N = np.fromiter((item.cost for item in items), np.int64, len(items))
    random = np.random.Generator(np.random.Philox(key=_key(data_digest, seed, epoch)))
    jitter_N = 1.0 + _SPREAD * random.random(len(items))
    order_N = np.lexsort((random.permutation(len(items)), cost_N * jitter_N))
    batches = _filled(order_N.tolist(), cost_N[order_N].tolist(), budget_cost, budget_items or len(items))
    shuffled = random.permutation(len(batches)).tolist()
    taken = [tuple(batches[i]) for i in shuffled]
    return tuple(
        Step(tuple(taken[first : first + micro_batches_per_step]))
        for first in range(0, len(taken), micro_batches_per_step)
    )


def _filled(order: list[int], costs: list[int], budget_cost: int, budget_items: int) -> list[list[int]]:
    batches: list[list[int]] = []
    longest = 0
    for index, cost in zip(order, costs, strict=True):
        longest = max(longest, cost)
        if batches and len(batches[-1]) < budget_items and longest * (len(batches[-1]) + 1) <= budget_cost:
            batches[-1].append(index)
        else:
            batches.append([index])
            longest = cost
    return batches


def _key(data_digest: str, seed: int, epoch: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{data_digest}/{seed}/{epoch}".encode()).digest()[:16], "big")
