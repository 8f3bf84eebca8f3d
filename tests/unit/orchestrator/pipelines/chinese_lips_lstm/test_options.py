"""Flags of a training are the recipe's settings and its ranks."""

import dataclasses

from orchestrator.pipelines.chinese_lips_lstm.options import ChineseLipsOptions, gangs
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig


def test_a_training_is_one_pass_of_the_recipe_with_its_settings() -> None:
    (gang,) = gangs(ChineseLipsOptions(data_root="/data", hidden_dim=64, num_ranks=4, ranks_per_pod=2))
    assert (gang.name, gang.recipe, gang.num_ranks, gang.ranks_per_pod) == ("train", "chinese-lips-lstm", 4, 2)
    assert gang.config == dataclasses.asdict(ChineseLipsConfig(data_root="/data", hidden_dim=64))
