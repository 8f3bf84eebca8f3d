"""PURE: the log of a gang pass: generations that began, checkpoints, the end; and who may append to it.

Entries are numbered, and each is created only where there is none, so that writers are put in an order by the store. A
generation begins by an entry of its own: from then on no older one can append, whatever it still holds in memory.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from services.base.digest import canonical_json
from services.base.errors import BadConfig

EntryKind = Literal["begin", "checkpoint", "done"]


@dataclass(frozen=True)
class LogEntry:
    """token: of the process that began the generation, since two may be started under one number.

    num_ranks: of a generation that begins; 0 in logs of before it was kept.
    step: of a checkpoint or of the result. file, sha256, size_bytes: of a checkpoint. outputs: of `done`, name ->
    {"sha256", "size_bytes"} of each file of the result, as the generation has staged them.
    """

    kind: EntryKind
    generation: int
    token: str
    step: int = 0
    file: str = ""
    sha256: str = ""
    size_bytes: int = 0
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    num_ranks: int = 0

    def __post_init__(self) -> None:
        if self.generation < 1 or self.step < 0 or not self.token:
            raise ValueError(f"generation {self.generation} (1 or more), step {self.step} (0 or more), {self.token!r}")
        if self.outputs and self.kind != "done":
            raise ValueError(f"a {self.kind} has no outputs; only the result of a pass has")

    @property
    def attempt(self) -> str:
        """What is of this process alone, such as the folder that it stages its outputs in."""
        return f"{self.generation:05d}-{self.token}"

    def to_json(self) -> bytes:
        return canonical_json(dataclasses.asdict(self)).encode()


def log_entry_from_json(data: bytes) -> LogEntry:
    """Raises BadConfig for what is no entry."""
    try:
        return LogEntry(**json.loads(data))
    except (ValueError, TypeError) as error:
        raise BadConfig(
            "BAD_PASS_LOG", f"an entry of a pass's log cannot be read ({error}): restore it, or begin a new run"
        ) from error


@dataclass(frozen=True)
class GangLog:
    """Entries in order, as the store has them."""

    entries: tuple[LogEntry, ...] = ()

    @property
    def generation(self) -> int:
        """The newest that began; 0 before the first."""
        return max((entry.generation for entry in self.entries), default=0)

    @property
    def num_ranks(self) -> int:
        """Of the newest that began; 0 where that is not known."""
        return next((entry.num_ranks for entry in reversed(self.entries) if entry.kind == "begin"), 0)

    @property
    def is_done(self) -> bool:
        return self.result is not None

    @property
    def result(self) -> LogEntry | None:
        """The entry that commits the result."""
        return next((entry for entry in reversed(self.entries) if entry.kind == "done"), None)

    @property
    def checkpoints(self) -> tuple[LogEntry, ...]:
        """In order; the next generation goes on from the last one that is whole."""
        return tuple(entry for entry in self.entries if entry.kind == "checkpoint")

    @property
    def step(self) -> int:
        """Of the last checkpoint, or of the result; 0 before the first."""
        return max((entry.step for entry in self.entries), default=0)

    def begun_as(self, generation: int) -> GangLog | None:
        """The log as it was when this generation began, which every rank of it starts from; None before it did."""
        for i, entry in enumerate(self.entries):
            if entry.kind == "begin" and entry.generation == generation:
                return GangLog(self.entries[: i + 1])
        return None

    @property
    def progressed(self) -> frozenset[int]:
        """Generations that committed a checkpoint or the result."""
        return frozenset(entry.generation for entry in self.entries if entry.kind != "begin")

    def refusal(self, entry: LogEntry) -> str:
        """Why the entry may not be appended; empty if it may."""
        if self.is_done:
            return "the pass is finished"
        newest = self.entries[-1] if self.entries else None
        if entry.kind == "begin":
            return f"generation {self.generation} has begun" if entry.generation <= self.generation else ""
        if newest is None or (newest.generation, newest.token) != (entry.generation, entry.token):
            return f"generation {self.generation} has begun elsewhere" if newest else "no generation has begun"
        if entry.kind == "checkpoint" and entry.step <= newest.step and newest.kind == "checkpoint":
            return f"step {newest.step} is committed"
        return ""
