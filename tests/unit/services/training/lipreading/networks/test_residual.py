"""A residual block changes the number of channels, and halves a picture where it is asked to."""

import pytest

torch = pytest.importorskip("torch")

from services.training.lipreading.networks.residual import Residual  # noqa: E402


@pytest.mark.parametrize(("stride", "side"), [(1, 9), (2, 5)])
def test_sizes(stride: int, side: int) -> None:
    assert Residual(4, 6, stride)(torch.zeros(2, 4, 9, 9)).shape == (2, 6, side, side)
