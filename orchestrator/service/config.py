"""PURE: how a server carries the runs submitted to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.service.owners import Owners
from orchestrator.service.retention import Keep


@dataclass(frozen=True)
class HostConfig:
    """num_runs: executed at a time. remotes: STAGE=TARGET pairs for the runs that have the stage. workers_flag: what
    takes a number of workers; empty: the pipeline's flag. pin_words: added to `pin`. resume_words: to `resume` and
    `retry`. attach_argv: to `resume`. cancel_argv: to `cancel`, where a run has to be ended besides its process; None
    where not. keep: of ended runs.
    owners: whom runs are open to.
    """

    num_runs: int = 4
    remotes: tuple[str, ...] = ()
    workers_flag: str = ""
    pin_words: tuple[str, ...] = ()
    resume_words: tuple[str, ...] = ()
    attach_argv: tuple[str, ...] = ()
    cancel_argv: tuple[str, ...] | None = None
    keep: Keep = field(default_factory=Keep)
    owners: Owners = field(default_factory=Owners)

    def __post_init__(self) -> None:
        if self.num_runs < 1:
            raise ValueError(f"num_runs must be at least 1, not {self.num_runs}")
