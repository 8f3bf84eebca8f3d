"""A made-up body and hand, in pixels."""

from collections.abc import Callable

import numpy as np
import pytest

from services.base.media.arrays import Float64Array


def made_body(centre_x: float = 200.0, top_y: float = 50.0, size: float = 100.0) -> Float64Array:
    """Upright, facing the camera, arms hanging, its left at larger x; float64 [33, 2]. size: the shoulder width."""
    pose = np.zeros((33, 2))
    pose[:11] = np.linspace((-0.2, 0.0), (0.2, 0.3), 11)
    half = {11: (0.5, 0.7), 13: (0.6, 1.4), 15: (0.65, 2.1), 17: (0.7, 2.3), 19: (0.65, 2.4), 21: (0.6, 2.2)}
    half |= {23: (0.35, 2.2), 25: (0.35, 3.0), 27: (0.35, 3.8), 29: (0.35, 3.9), 31: (0.4, 4.0)}
    for left, (x, y) in half.items():
        pose[left], pose[left + 1] = (x, y), (-x, y)
    return pose * size + (centre_x, top_y)


def made_hand(wrist: tuple[float, float], size: float = 30.0) -> Float64Array:
    """Fingers up from the wrist; float64 [21, 2]."""
    grid = np.stack((np.tile(np.linspace(-0.4, 0.4, 5), 4), -np.repeat(np.linspace(0.3, 1.0, 4), 5)), axis=1)
    return np.concatenate((np.zeros((1, 2)), grid)) * size + wrist


@pytest.fixture(scope="session")
def body() -> Callable[..., Float64Array]:
    return made_body


@pytest.fixture(scope="session")
def hand() -> Callable[..., Float64Array]:
    return made_hand
