"""Faces drawn by hand: landmarks whose lips are where a test says."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from services.base.media.points import Landmarks, PointSource
from services.base.media.topology import IBUG_68, topology

MakeFace = Callable[..., Landmarks]


@pytest.fixture
def make_face() -> MakeFace:
    """Makes a clip with a mouth of that size round each centre; None is a frame without a face."""

    def make(
        centers: Sequence[tuple[float, float] | None],
        width_px: float = 40.0,
        heights_px: Sequence[float] | float = 16.0,
        name: str = IBUG_68,
        size_px: tuple[int, int] = (360, 288),
    ) -> Landmarks:
        numbering = topology(name)
        points_TNC = np.full((len(centers), numbering.num_points, 2), np.nan, np.float32)
        source_T = np.full(len(centers), PointSource.DETECTED, np.uint8)
        for t, center in enumerate(centers):
            if center is None:
                source_T[t] = PointSource.MISSING
                continue
            height_px = heights_px if isinstance(heights_px, (int, float)) else heights_px[t]
            points_TNC[t] = center
            lips = list(numbering.group("outer_lips"))
            angles = np.linspace(0, 2 * np.pi, len(lips), endpoint=False)
            points_TNC[t, lips, 0] += width_px / 2 * np.cos(angles)
            points_TNC[t, lips, 1] += height_px / 2 * np.sin(angles)
            apart_px = 1.5 * width_px
            points_TNC[t, list(numbering.group("nose"))] = (center[0], center[1] - 0.5 * apart_px)
            for eye, side in zip(numbering.group("outer_eye_corners"), (-0.5, 0.5), strict=True):
                points_TNC[t, eye] = (center[0] + side * apart_px, center[1] - 0.9 * apart_px)
            left, right = numbering.group("mouth_corners")
            points_TNC[t, left] = (center[0] - width_px / 2, center[1])
            points_TNC[t, right] = (center[0] + width_px / 2, center[1])
        score_T = np.ones(len(centers), np.float32)
        return Landmarks(name, points_TNC, score_T, source_T, *size_px)

    return make
