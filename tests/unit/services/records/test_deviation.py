"""How far apart two arrays are, as a share of how far the first one's values are from each other."""

import math

import numpy as np
import pytest

from services.records.deviation import deviation


@pytest.mark.parametrize(
    ("kept", "made", "expected"),
    [
        ([-1.0, 1.0], [-1.0, 1.0], 0.0),
        ([-1.0, 1.0], [-1.0, 1.5], 0.5),
        ([-2.0, 2.0], [-3.0, 2.5], 0.5),
        ([1.0, np.nan], [1.0, np.nan], 0.0),
        ([1.0, np.nan], [1.0, 2.0], math.inf),
        ([1.0, 2.0], [1.0, np.inf], math.inf),
        ([3.0, 3.0], [3.0, 3.1], math.inf),
    ],
)
def test_deviation(kept, made, expected):
    assert deviation(np.array(kept, np.float32), np.array(made, np.float32)) == pytest.approx(expected)
