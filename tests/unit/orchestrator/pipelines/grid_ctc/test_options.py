"""Flags of a training are the recipe's settings and its ranks."""

import dataclasses

import pytest

from orchestrator.pipelines.grid_ctc.options import GridCtcOptions, gangs
from orchestrator.pipelines.training.options import config_of
from services.training.recipes.grid_ctc.spec import GridCtcConfig


def test_a_training_is_one_pass_of_the_recipe_with_its_settings():
    (gang,) = gangs(GridCtcOptions(data_root="/records", size="tiny", num_ranks=4, ranks_per_pod=2, max_bad_records=3))
    assert gang.at_root
    assert (gang.name, gang.recipe, gang.num_ranks, gang.ranks_per_pod) == ("train", "grid-ctc", 4, 2)
    expected = GridCtcConfig(data_root="/records", size="tiny", max_bad_records=3)
    assert gang.config == dataclasses.asdict(expected)


def test_roots_mean_the_same_in_any_rank(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (gang,) = gangs(GridCtcOptions(data_root="records", tensorboard_dir="runs"))
    assert (gang.config["data_root"], gang.config["tensorboard_dir"]) == (f"{tmp_path}/records", f"{tmp_path}/runs")
    (gang,) = gangs(GridCtcOptions(data_root="s3://b/records"))
    assert (gang.config["data_root"], gang.config["tensorboard_dir"]) == ("s3://b/records", "")


def test_defaults_are_the_recipes():
    assert config_of(GridCtcConfig, GridCtcOptions()) == GridCtcConfig()


def test_what_the_recipe_refuses_is_refused_where_it_is_given():
    with pytest.raises(ValueError, match="num_epochs is 0: give 1 or more"):
        GridCtcOptions(num_epochs=0)
