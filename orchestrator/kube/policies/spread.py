"""How many indexes and pods a Job has for so many shards."""

from __future__ import annotations

from dataclasses import dataclass

# A pod takes seconds to start and to open its models. This many parts a pod let the first to be done take over from
# the slow, and parallelism be raised in mid-run.
_INDEXES_A_POD = 32


@dataclass(frozen=True)
class Spread:
    """num_indexes: parts of the list of shards. num_pods: at a time."""

    num_indexes: int
    num_pods: int


def spread(num_shards: int, parallelism: int, max_indexes: int, *, alone: bool = False) -> Spread:
    """alone: as few shards an index as max_indexes allows, so that a shard that fails costs no other its turn.

    Raises ValueError unless all numbers are at least 1.
    """
    if min(num_shards, parallelism, max_indexes) < 1:
        raise ValueError(f"{num_shards} shards, {parallelism} pods, {max_indexes} indexes: each must be 1 or more")
    wanted = num_shards if alone else min(num_shards, _INDEXES_A_POD * parallelism)
    num_indexes = min(wanted, max_indexes)
    return Spread(num_indexes, min(parallelism, num_indexes))


def max_failed_indexes(num_indexes: int) -> int:
    """How many indexes may fail before the rest is not begun: a tenth, and of a small Job all."""
    return min(num_indexes, max(10, num_indexes // 10))
