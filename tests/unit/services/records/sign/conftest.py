"""Made keypoints, so that what a file holds is told by hand."""

import numpy as np
import pytest

from services.base.media.features import Features
from services.base.media.points import Keypoints


def made_keypoints(num_frames: int = 6, *, seed: int = 0, rate_hz: float = 15.0, present: bool = True) -> Keypoints:
    """A person whose points wander a little, hands far from the face; all are present with full confidence."""
    rng = np.random.default_rng(seed)
    places_NC = rng.uniform(0.5, 0.8, (78, 2))
    places_NC[67:] -= 0.3
    places_NC[67:, 1] /= 4
    xy_TNC = places_NC + rng.normal(0, 0.01, (num_frames, 78, 2))
    present_TN = np.full((num_frames, 78), present)
    xy_TNC = np.where(present_TN[..., None], xy_TNC, 0).astype(np.float32)
    return Keypoints(
        "holistic-78",
        xy_TNC,
        present_TN.astype(np.float32),
        present_TN,
        np.arange(num_frames) / rate_hz,
        640,
        480,
        np.zeros(num_frames, np.bool_),
    )


def made_features(num_frames: int = 6, *, weights: str = "seeded:0", rate_hz: float = 15.0) -> Features:
    vectors_TD = np.random.default_rng(1).normal(0, 1, (num_frames, 2048)).astype(np.float32)
    return Features("inception_v3", weights, vectors_TD, np.arange(num_frames) / rate_hz)


@pytest.fixture(scope="session")
def keypoints():
    return made_keypoints


@pytest.fixture(scope="session")
def features():
    return made_features
