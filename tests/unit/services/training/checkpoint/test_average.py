"""The mean of weights, in the dtypes that they have."""

import pytest

pytest.importorskip("torch")

import torch

from services.training.checkpoint.average import average


def test_weights_are_averaged_and_counters_are_those_of_the_last():
    models = [{"w": torch.tensor([i, 2.0 * i]), "n": torch.tensor(i)} for i in (1, 2, 6)]
    found = average(models)
    assert found["w"].tolist() == [3.0, 6.0] and found["w"].dtype == torch.float32 and found["n"] == 6


def test_none_have_no_mean():
    with pytest.raises(ValueError, match="one model or more"):
        average([])
