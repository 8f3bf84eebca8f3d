"""The seam of landmark backends: what a backend is to the stage. One backend per process, one track per clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from services.base.media.arrays import Float32Array, UInt8Array
from services.base.media.points import Landmarks, PointSource
from services.base.media.video import FrameChunk


class FaceTrack(Protocol):
    """One clip's largest face. Nothing of it outlives the clip."""

    def push(self, chunk: FrameChunk) -> None:
        """Frames in order; may hold back a bounded number of them to look ahead."""
        ...

    def finish(self) -> Landmarks:
        """Points for every frame pushed, MISSING where no face was found."""
        ...


class Backend(Protocol):
    """A loaded detector. models: file name -> sha256 (hex) of each model file that decides its points."""

    topology: str
    models: Mapping[str, str]

    def track(self, width_px: int, height_px: int) -> FaceTrack: ...


def missing_points(num_points: int) -> Float32Array:
    """float32 [N, 2] of NaN: what a MISSING frame holds."""
    return np.full((num_points, 2), np.nan, np.float32)


def landmarks_of(
    topology: str,
    points: list[Float32Array],
    scores: list[float],
    sources: list[PointSource],
    width_px: int,
    height_px: int,
) -> Landmarks:
    """Per-frame lists gathered into one value; points are float32 [N, 2] each."""
    from services.base.media.topology import topology as named

    num_points = named(topology).num_points
    points_TNC = np.stack(points).astype(np.float32) if points else np.empty((0, num_points, 2), np.float32)
    source_T: UInt8Array = np.array([int(s) for s in sources], np.uint8)
    return Landmarks(topology, points_TNC, np.array(scores, np.float32), source_T, width_px, height_px)
