"""PURE: what a pipeline has measured before a run is pinned: which command of a service, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Planned:
    """A run as it would be pinned.

    settings: by stage, with what the machine settled, such as its device. models: digests of model files, by stage.
    media_roots: where clips are read from, the first input root first; follow_links: whether through links that leave
    it. elsewhere: stages that other machines compute. num_processes: 0 where that is not said yet. made_before: stages
    that a run of this output has computed with the same settings, models and libraries.
    """

    settings: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, Mapping[str, str]]
    media_roots: Sequence[str]
    follow_links: bool = False
    elsewhere: frozenset[str] = frozenset()
    num_shards: int = 1
    num_processes: int = 0
    made_before: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Survey:
    """A command of a service's own: `python -m MODULE ARGV`, which prints one JSON object.

    doing: what it does, for the wait; lines `N of M …` of its standard error say how far it is. lines: what it gets on
    its standard input; called once. limit_s: time after which it counts as hung.
    """

    module: str
    argv: Sequence[str]
    doing: str
    lines: Callable[[], Iterable[bytes]] = field(default=tuple)
    limit_s: float = 1800.0


@dataclass(frozen=True)
class PlanChecks:
    """What is measured, and what it means. judge: (answers, in the order of the surveys, each measured when it is asked
    for) -> what the user should hear before the run; raises BadConfig for what forbids any run.
    """

    surveys: Sequence[Survey]
    judge: Callable[[Iterator[Mapping[str, Any]]], Iterable[str]]
