"""Clips of a shard that a stage computes together: how many, which at once, and their artifacts as one value. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ClipSize:
    """What a clip's computing goes by. num_steps: of what is padded to the longest. duration_s: of its media."""

    key: str
    num_steps: int
    duration_s: float

    def __post_init__(self) -> None:
        if self.num_steps < 0 or not 0 <= self.duration_s < math.inf:
            raise ValueError(f"{self.key} must have steps and seconds of at least 0, not {self}")


Batches = Sequence[Sequence[int]]
"""Places of clips in their window, those that are computed at once together."""


@dataclass(frozen=True)
class Window:
    """Runs of a shard's clips, in its order, each of which is decoded before its batches are computed.

    num_clips, duration_s: a run ends with the clip that reaches either. size: (a clip's key, its artifacts by name) ->
    its size. batches: (sizes of a run's clips) -> which are computed at once; a function of these alone, and so of the
    shard, whatever the time and the number of workers. num_decoders: processes that take clips through the stages
    before, where nobody asks for another number; it decides no bytes. Raises ValueError for a run of no clip.
    """

    num_clips: int
    duration_s: float
    size: Callable[[str, Mapping[str, Any]], ClipSize]
    batches: Callable[[Sequence[ClipSize]], Batches]
    num_decoders: int = 1

    def __post_init__(self) -> None:
        if self.num_clips < 1 or not self.duration_s > 0:
            raise ValueError(f"a window must hold a clip and more than 0 s, not {self.num_clips}, {self.duration_s} s")
        if self.num_decoders < 1:
            raise ValueError(f"num_decoders must be at least 1, not {self.num_decoders}")

    def is_full(self, num_clips: int, duration_s: float) -> bool:
        """Whether a run of so many clips, of so many seconds in all, ends here."""
        return num_clips >= self.num_clips or duration_s >= self.duration_s


@dataclass(frozen=True)
class Together:
    """An artifact of several clips, in the order of their batch: what a stage with a window is given and answers."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a batch must hold a clip")


def values_of(artifact: Any) -> tuple[Any, ...]:
    """Those of the clips of a batch, or the one of a clip alone."""
    return artifact.values if isinstance(artifact, Together) else (artifact,)


def like(artifact: Any, values: Sequence[Any]) -> Any:
    """Answers for the clips of an artifact that was given: as one value for a batch, as they are for a clip alone."""
    if isinstance(artifact, Together):
        if len(values) != len(artifact.values):
            raise ValueError(f"a batch of {len(artifact.values)} clips must have as many answers, not {len(values)}")
        return Together(tuple(values))
    (value,) = values
    return value
