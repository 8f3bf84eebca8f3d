"""What one clip may cost."""

from __future__ import annotations

from dataclasses import dataclass

from services.base.errors import BadConfig


@dataclass(frozen=True)
class ClipLimits:
    """What one clip may cost. memory_bytes: resident set of the child, models included.

    time_s: for each minute of the clip that has been decoded, and at least once.
    """

    time_s: float = 120.0
    memory_bytes: int = 2 << 30

    def __post_init__(self) -> None:
        if not self.time_s > 0:
            raise ValueError(f"the time limit of a clip must be over 0 s, not {self.time_s}")
        if self.memory_bytes < 64 << 20:
            raise ValueError(f"the memory limit of a clip must be at least 64 MiB, not {self.memory_bytes} bytes")


def clip_limits(time_s: float, memory_mib: int) -> ClipLimits:
    """The limits that --clip-time-s and --clip-memory-mib ask for. Raises BadConfig."""
    try:
        return ClipLimits(time_s, memory_mib << 20)
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", f"--clip-time-s {time_s:g}, --clip-memory-mib {memory_mib}: {error}") from error
