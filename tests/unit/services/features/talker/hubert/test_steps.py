"""A step is what a state hears, of as many states as a sound has."""

import numpy as np
import pytest

from services.features.talker.hubert.steps import num_states, steps_of


@pytest.mark.parametrize(("num_samples", "num"), [(0, 0), (399, 0), (400, 1), (719, 1), (720, 2), (320_080, 1000)])
def test_a_state_hears_400_samples_every_320(num_samples: int, num: int) -> None:
    assert num_states(num_samples) == num
    if num:
        steps_TF = steps_of(np.arange(num_samples, dtype=np.float32))
        assert steps_TF.shape == (num, 400) and steps_TF.dtype == np.float32
        assert steps_TF[:, 0].tolist() == [320 * i for i in range(num)]
        assert steps_TF[-1, -1] == 320 * num + 79
