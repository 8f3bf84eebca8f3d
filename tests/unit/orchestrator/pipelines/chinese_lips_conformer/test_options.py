"""Flags of a training are the recipe's settings and its ranks; files are named absolutely."""

import dataclasses

from orchestrator.pipelines.chinese_lips_conformer.options import ConformerOptions, gangs
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig


def test_a_training_is_one_pass_of_the_recipe_with_its_settings() -> None:
    (gang,) = gangs(ConformerOptions(data_root="/data", init="/w/x.pt", num_ranks=4, ranks_per_pod=2))
    assert (gang.name, gang.recipe, gang.num_ranks, gang.ranks_per_pod) == ("train", "chinese-lips-conformer", 4, 2)
    assert gang.config == dataclasses.asdict(ConformerConfig(data_root="/data", init="/w/x.pt"))


def test_a_file_to_begin_with_is_named_absolutely() -> None:
    (gang,) = gangs(ConformerOptions(data_root="/data", init="x.pt"))
    assert gang.config["init"].startswith("/")
