"""PURE: how often a shard, or a gang, is tried, and how many quarantined clips end a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """max_attempts: tries of a shard whose worker failed. max_failures: quarantined clips that end the run, None for
    any number. max_generations: of a gang that may fail in a row without a new checkpoint.
    """

    max_attempts: int = 4
    max_failures: int | None = None
    max_generations: int = 3

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"a shard needs at least 1 attempt, not {self.max_attempts}")
        if self.max_generations < 1:
            raise ValueError(f"a gang needs at least 1 generation, not {self.max_generations}")
        if self.max_failures is not None and self.max_failures < 0:
            raise ValueError(f"max_failures must not be negative, it is {self.max_failures}")
