"""A made person: frames of noise, a face in the middle, sound, and features."""

import numpy as np
import pytest

from services.base.media.points import Landmarks
from services.base.media.topology import PFLD_110, topology

SIZE_PX = 96


def made_landmarks(pattern: str, size_px: int = SIZE_PX) -> Landmarks:
    """D: a face, its crop 24 px from the left, 30 down, 48 wide; ".": none."""
    points_TNC = np.full((len(pattern), 110, 2), size_px / 2, np.float32)
    points_TNC[:, 1, 0], points_TNC[:, 31, 0], points_TNC[:, 52, 1] = 24, 72, 30
    points_TNC[:, list(topology(PFLD_110).group("lips"))] = 60
    source_T = np.array([one == "D" for one in pattern], np.uint8)
    points_TNC[source_T == 0] = np.nan
    return Landmarks(PFLD_110, points_TNC, source_T.astype(np.float32), source_T, size_px, size_px)


@pytest.fixture(scope="session")
def landmarks():
    return made_landmarks
