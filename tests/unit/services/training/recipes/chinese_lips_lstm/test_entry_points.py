"""Every entry point that the recipe names is there."""

import pytest

pytest.importorskip("torch")

from services.training.recipes.chinese_lips_lstm.entry_points import KIND
from services.training.recipes.chinese_lips_lstm.spec import RECIPE


@pytest.mark.parametrize("entry_point", list(RECIPE.entry_points))
def test_it_can_be_called(entry_point: str) -> None:
    assert callable(RECIPE.entry_points[entry_point].resolve())
    assert callable(RECIPE.train.resolve())
    assert KIND.recipe is RECIPE
