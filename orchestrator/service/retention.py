"""Which ended runs a RunService forgets. Their outputs stay, and the same Submit finds a run there again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.service.record import RunRecord

_DAY_S = 86400.0


@dataclass(frozen=True)
class Keep:
    """Ended runs that are kept: at most num_ended, none for longer than `days` after its end. Both at least 1 and more
    than 0.
    """

    num_ended: int = 10_000
    days: float = 90.0

    def __post_init__(self) -> None:
        if self.num_ended < 1:
            raise ValueError(f"--keep-ended must be at least 1, not {self.num_ended}")
        if not self.days > 0:
            raise ValueError(f"--keep-ended-days must be more than 0, not {self.days}")


def to_forget(records: Iterable[RunRecord], keep: Keep, now_s: float) -> list[str]:
    """Ids of ended runs, those that ended first in front. A run that has not ended is always kept."""
    ended = sorted((r for r in records if r.phase.ended), key=lambda r: (r.ended_at_s, r.id))
    num_over = max(0, len(ended) - keep.num_ended)
    return [r.id for i, r in enumerate(ended) if i < num_over or now_s - r.ended_at_s > keep.days * _DAY_S]
