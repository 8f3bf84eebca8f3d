"""PURE: what a clip of a pipeline is expected to take on a disk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """What a clip takes. output_bytes: of its product. artifact_bytes: of what is kept for other runs.

    is_sure: it follows from the settings; else it is what clips of this kind mostly take.
    """

    output_bytes: float
    artifact_bytes: float = 0.0
    is_sure: bool = False


@dataclass(frozen=True)
class Sampled:
    """What of a clip is processed to predict: its first frames, at so many a second; 0 frames: all of it."""

    num_frames: int = 0
    rate_hz: float = 0.0
