"""Every entry point that the recipe names is there."""

import pytest

pytest.importorskip("torch")

from services.training.recipes.chinese_lips_lstm.doors import KIND
from services.training.recipes.chinese_lips_lstm.spec import RECIPE


@pytest.mark.parametrize("door", list(RECIPE.doors))
def test_it_can_be_called(door: str) -> None:
    assert callable(RECIPE.doors[door].resolve())
    assert callable(RECIPE.train.resolve())
    assert KIND.recipe is RECIPE
