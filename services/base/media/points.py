"""Points of a face, or of a body with hands and face, through a clip."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array, Float64Array, UInt8Array
from services.base.media.topology import topology


class PointSource(IntEnum):
    """How a frame's points were obtained."""

    MISSING = 0
    DETECTED = 1
    TRACKED = 2
    INTERPOLATED = 3


@dataclass(frozen=True)
class Landmarks:
    """Points of one face through a clip.

    points_TNC: float32 [T, N, 2], (x, y) in pixels of the delivered frame; NaN where the frame is MISSING.
    score_T: float32 [T], the detector's confidence in its own scale, 0 where missing. source_T: uint8 [T], PointSource
    values.
    """

    topology: str
    points_TNC: Float32Array
    score_T: Float32Array
    source_T: UInt8Array
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        num_frames = len(self.points_TNC)
        expected = (num_frames, topology(self.topology).num_points, 2)
        if self.points_TNC.dtype != np.float32 or self.points_TNC.shape != expected:
            raise ValueError(
                f"points of {self.topology} must be float32 {expected}, "
                f"not {self.points_TNC.dtype} {self.points_TNC.shape}"
            )
        if self.score_T.dtype != np.float32 or self.score_T.shape != (num_frames,):
            raise ValueError(f"score_T must be float32 [{num_frames}], not {self.score_T.dtype} {self.score_T.shape}")
        if self.source_T.dtype != np.uint8 or self.source_T.shape != (num_frames,):
            raise ValueError(f"source_T must be uint8 [{num_frames}], not {self.source_T.dtype} {self.source_T.shape}")

    @property
    def present_T(self) -> npt.NDArray[np.bool_]:
        return np.not_equal(self.source_T, PointSource.MISSING)

    def group(self, name: str) -> Float32Array:
        """Points of a named group, float32 [T, n, 2]. Raises KeyError."""
        return self.points_TNC[:, list(topology(self.topology).group(name))]

    def summary(self) -> dict[str, Any]:
        """How many frames there are, and how many of them were obtained in which way."""
        counts = np.bincount(self.source_T, minlength=len(PointSource))
        sources = {source.name.lower(): int(counts[source]) for source in PointSource}
        return {"topology": self.topology, "num_frames": len(self.points_TNC), **sources}


@dataclass(frozen=True)
class Keypoints:
    """Body, hand and face points of the person in each kept frame, as the models gave them: nothing filled or clamped.

    layout: name of the numbering, see services/landmarks/body/layout.py. xy_TNC: float32 [T, N, 2], (x, y) over the
    frame's width and height; 0 where absent. confidence_TN: float32 [T, N] in 0..1: a point's own where the model gives
    one (pose), else that of its hand or face in the frame; 0 where absent. present_TN: bool [T, N], the model gave the
    point. pts_s_T: float64 [T], presentation times. width_px, height_px: of the frames. starts_T: bool [T], from this
    frame on it is another scene, or another person.
    """

    layout: str
    xy_TNC: Float32Array
    confidence_TN: Float32Array
    present_TN: npt.NDArray[np.bool_]
    pts_s_T: Float64Array
    width_px: int
    height_px: int
    starts_T: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.xy_TNC.ndim != 3 or self.xy_TNC.shape[2] != 2 or self.xy_TNC.dtype != np.float32:
            raise ValueError(f"xy_TNC must be float32 [T,N,2], not {self.xy_TNC.dtype} {self.xy_TNC.shape}")
        expected = self.xy_TNC.shape[:2]
        if self.confidence_TN.shape != expected or self.present_TN.shape != expected:
            raise ValueError(
                f"confidence and presence must be {expected}, not {self.confidence_TN.shape}, {self.present_TN.shape}"
            )
        if self.pts_s_T.shape != expected[:1] or self.starts_T.shape != expected[:1]:
            raise ValueError(
                f"pts_s_T and starts_T must be [{expected[0]}], not {self.pts_s_T.shape}, {self.starts_T.shape}"
            )

    def summary(self) -> dict[str, Any]:
        """How many frames there are, and points in all of them together."""
        return {"layout": self.layout, "num_frames": len(self.xy_TNC), "present": int(self.present_TN.sum())}
