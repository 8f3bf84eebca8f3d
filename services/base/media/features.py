"""Feature vectors of a clip's frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.base.media.arrays import Float32Array, Float64Array


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
