"""Feature vectors of a clip: of its frames, or of its sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array, Int32Array

_FRAME_SAMPLES, _HOP_SAMPLES, _STACKED = 400, 160, 2


def num_stacked_frames(num_samples: int) -> int:
    """Frames of 25 ms, each 10 ms after the other and stacked by two, of that many samples at 16 kHz: whole pairs
    alone, 49.9 a second.
    """
    if num_samples < _FRAME_SAMPLES:
        return 0
    return (1 + (num_samples - _FRAME_SAMPLES) // _HOP_SAMPLES) // _STACKED


@dataclass(frozen=True)
class Features:
    """Feature vectors of the kept frames.

    model: name, weights: how it got its weights (a digest, or "seeded:0"). vectors_TD: float32 [T, D].
    pts_s_T: float64 [T], presentation times.
    num_split_batches: batches that a lack of memory broke; with 0 their composition is a function of the clip alone.
    """

    model: str
    weights: str
    vectors_TD: Float32Array
    pts_s_T: Float64Array
    num_split_batches: int = 0

    def __post_init__(self) -> None:
        if self.vectors_TD.ndim != 2 or self.vectors_TD.dtype != np.float32:
            raise ValueError(f"vectors_TD must be float32 [T,D], not {self.vectors_TD.dtype} {self.vectors_TD.shape}")
        if self.pts_s_T.shape != self.vectors_TD.shape[:1]:
            raise ValueError(f"pts_s_T must be [{len(self.vectors_TD)}], not {self.pts_s_T.shape}")


@dataclass(frozen=True)
class FilterbankFrames:
    """A clip's log mel filterbank, frames stacked by two. frames_TC: float32 [T, C], T >= 1, 49.9 a second."""

    frames_TC: Float32Array

    def __post_init__(self) -> None:
        if self.frames_TC.dtype != np.float32 or self.frames_TC.ndim != 2 or not len(self.frames_TC):
            raise ValueError(f"frames_TC must be float32 [T,C], not {self.frames_TC.dtype} {self.frames_TC.shape}")

    def __len__(self) -> int:
        return len(self.frames_TC)


@dataclass(frozen=True)
class SpeechFeatures:
    """What a network that speaks trains on, of one clip.

    codes_L: int32, 49.9 a second. condition_KD: float32 [32, model_dim]. emo_vec_D: float32 [model_dim]. sources: how
    each network got its weights, "sha256:<hex>" or "seeded:<seed>". num_splits: how often its batch had to be halved.
    """

    codes_L: Int32Array
    condition_KD: Float32Array
    emo_vec_D: Float32Array
    sources: dict[str, str] = field(default_factory=dict)
    num_splits: int = 0

    def __post_init__(self) -> None:
        for name, array, dtype, ndim in (
            ("codes_L", self.codes_L, np.int32, 1),
            ("condition_KD", self.condition_KD, np.float32, 2),
            ("emo_vec_D", self.emo_vec_D, np.float32, 1),
        ):
            if array.dtype != dtype or array.ndim != ndim:
                raise ValueError(f"{name} must be {np.dtype(dtype)} of {ndim} axes, not {array.dtype} {array.shape}")

    @property
    def is_random(self) -> bool:
        """Whether any network has seeded random weights, so that the features mean nothing."""
        return any(source.startswith("seeded:") for source in self.sources.values())

    def summary(self) -> dict[str, Any]:
        """What `once` shows."""
        return {"num_codes": len(self.codes_L), "sources": self.sources, "is_random": self.is_random}


@dataclass(frozen=True)
class AudioFeatures:
    """What a head that talks is driven by: vectors of the sound, one row for each frame of the pictures or one fewer.

    model: "ave", "mel", "hubert" or "wenet". weights: how it got its weights, "sha256:<hex>" or "seeded:<seed>"; empty
    for a model that has none. vectors_TX: float32 [T, ...], T >= 1, of any rank above 1. fps: rows a second.
    facts: what else decided them, such as the layer of hubert.
    """

    model: str
    weights: str
    vectors_TX: Float32Array
    fps: float
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.vectors_TX.dtype != np.float32 or self.vectors_TX.ndim < 2 or not len(self.vectors_TX):
            raise ValueError(
                f"vectors_TX must be float32 [T,...] with a row or more, not {self.vectors_TX.dtype} "
                f"{self.vectors_TX.shape}"
            )
        if not self.fps > 0:
            raise ValueError(f"fps must be above 0, not {self.fps}")

    @property
    def num_rows(self) -> int:
        return len(self.vectors_TX)

    @property
    def is_random(self) -> bool:
        """Whether the network has seeded random weights, so that the vectors mean nothing."""
        return self.weights.startswith("seeded:")

    def summary(self) -> dict[str, Any]:
        """What `once` shows."""
        return {
            "model": self.model,
            "weights": self.weights,
            "shape": list(self.vectors_TX.shape),
            "fps": self.fps,
            "facts": self.facts,
            "is_random": self.is_random,
        }
