"""PURE: a run as somebody asks for it, what of that is allowed, and the command lines that it becomes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from services.base.digest import digest_of


@dataclass(frozen=True)
class Limits:
    """How a run is carried out; zero or empty: as the server has it."""

    num_workers: int = 0
    max_failures: str = ""
    max_attempts: int = 0
    clip_time_s: float = 0.0
    clip_memory_mib: int = 0
    artifact_cache: bool = True

    def __post_init__(self) -> None:
        for name in ("num_workers", "max_attempts", "clip_time_s", "clip_memory_mib"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be 0 (as the server has it) or more, not {getattr(self, name)}")

    def words(self, workers_flag: str) -> list[str]:
        """Flags of `resume`."""
        given = {
            workers_flag: self.num_workers,
            "--max-failures": self.max_failures,
            "--max-attempts": self.max_attempts,
            "--clip-time-s": self.clip_time_s,
            "--clip-memory-mib": self.clip_memory_mib,
        }
        words = [f"{flag}={value}" for flag, value in given.items() if value]
        return words if self.artifact_cache else [*words, "--no-artifact-cache"]


@dataclass(frozen=True)
class Submission:
    """A run as it was asked for. flags: the pipeline's own, as words."""

    pipeline: str
    input_root: str
    output_root: str
    state_root: str = ""
    run_name: str = ""
    flags: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for name in ("pipeline", "input_root", "output_root"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty: a run needs one")

    @property
    def key(self) -> str:
        """The same for the same request."""
        return digest_of(asdict(self))

    def pin_words(self) -> list[str]:
        """The command line that plans and pins it."""
        roots = {"--input-root": self.input_root, **self._places(), "--run": self.run_name}
        return ["pin", self.pipeline, *(f"{flag}={value}" for flag, value in roots.items() if value), *self.flags]

    def resume_words(self, workers_flag: str = "--workers") -> list[str]:
        """The command line that carries it to its end. workers_flag: what takes a number of workers."""
        return ["resume", *self.place_words(), *self.limits.words(workers_flag)]

    def place_words(self) -> list[str]:
        """Flags that name the pinned run."""
        return [f"{flag}={value}" for flag, value in self._places().items() if value]

    def _places(self) -> dict[str, str]:
        return {"--output-root": self.output_root, "--state-root": self.state_root}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Submission:
        """The inverse of dataclasses.asdict."""
        return cls(**{**values, "flags": tuple(values["flags"]), "limits": Limits(**values["limits"])})
