"""How a sound is read: at which rate, in how many channels, and which limits refuse it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MIN_RATE_HZ, MAX_RATE_HZ = 1_000, 768_000

# soxr: the best band (20 bits). sinc: the filter that speech models were trained with (sinc.py).
RESAMPLERS = ("soxr", "sinc")


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class AudioConfig:
    """Settings of audio. sample_rate_hz, channels and resampler decide what comes out; the others refuse a clip or
    bound memory.

    Raises ValueError for a value out of range.
    """

    sample_rate_hz: int = _setting(16_000, "samples a second that are delivered; 0: as many as the source has")
    channels: int = _setting(1, "1: the mean of all channels; 0: the channels that there are")
    resampler: str = _setting(
        "soxr", "filter of a change of rate: soxr (HQ), or sinc, the windowed sinc that speech models were trained with"
    )
    max_duration_s: float = _setting(3600.0, "refuse a clip whose sound is longer than this")
    chunk_samples: int = _setting(65_536, "most samples, of all channels together, held in one chunk")

    def __post_init__(self) -> None:
        if self.sample_rate_hz and not MIN_RATE_HZ <= self.sample_rate_hz <= MAX_RATE_HZ:
            raise ValueError(
                f"sample_rate_hz must be 0 (the source's) or from {MIN_RATE_HZ} to {MAX_RATE_HZ}, "
                f"not {self.sample_rate_hz}"
            )
        if self.channels not in (0, 1):
            raise ValueError(f"channels must be 1 (mono) or 0 (as in the source), not {self.channels}")
        if self.resampler not in RESAMPLERS:
            raise ValueError(f"resampler must be one of {', '.join(RESAMPLERS)}, not {self.resampler!r}")
        for name in ("max_duration_s", "chunk_samples"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
