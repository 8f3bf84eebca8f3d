"""PURE: what a pipeline has measured before a run is pinned: which command of a service, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Survey:
    """A command of a service's own: `python -m MODULE ARGV`, which prints one JSON object.

    lines: what it gets on its standard input; called once.
    """

    module: str
    argv: Sequence[str]
    lines: Callable[[], Iterable[bytes]] = field(default=tuple)


@dataclass(frozen=True)
class PlanChecks:
    """What is measured, and what it means. judge: (answers, in the order of the surveys) -> what the user should hear
    before the run; raises BadConfig for what forbids any run.
    """

    surveys: Sequence[Survey]
    judge: Callable[[Sequence[Mapping[str, Any]]], Iterable[str]]
