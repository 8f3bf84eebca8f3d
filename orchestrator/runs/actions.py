"""PURE: what the decision about a pass of any kind may ask for: wait, finish, fail, and remove pods of lost nodes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wait:
    """Look again later, at the latest after so many seconds (None: when something changes). note: for people."""

    note: str = ""
    at_most_s: float | None = None


@dataclass(frozen=True)
class Finish:
    """All that the pass is to do is committed, and nothing is left at work."""


@dataclass(frozen=True)
class Fail:
    """The pass ends here, unfinished, with this exit code."""

    why: str
    exit_code: int


@dataclass(frozen=True)
class ForceDelete:
    """Remove pods whose node is lost."""

    pods: tuple[str, ...]
