"""What a stage measures, described: its spec lists it, and whoever supervises the stage keeps it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"visemill_[a-z_]+")


@dataclass(frozen=True)
class StageMetric:
    """A number of a stage, as Prometheus shows it.

    name: with its unit, as `visemill_audio_seconds`; a counter is shown with `_total` after it. text: what it is.
    buckets: upper bounds of a histogram; empty: a counter. fact: the attribute of the facts of the stage's own stream
    that a clip adds to the counter; empty: the stage tells of it itself (`services.base.sandbox.child.measure`).
    """

    name: str
    text: str
    buckets: tuple[float, ...] = ()
    fact: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name.endswith("_total"):
            raise ValueError(f"metric {self.name!r} must be visemill_ and lower-case words, without _total")
        if self.fact and self.buckets:
            raise ValueError(f"metric {self.name} counts {self.fact} and has no buckets")
