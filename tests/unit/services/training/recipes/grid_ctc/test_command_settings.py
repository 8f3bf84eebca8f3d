"""What is tested, and where the index lies, by default."""

import pytest

from services.training.recipes.exported import InferSettings
from services.training.recipes.grid_ctc.command_settings import EstimateSettings, StatsSettings, TestSettings


@pytest.mark.parametrize(
    ("given", "file", "index_root"),
    [
        ({}, "checkpoints/best_model.pt", "checkpoints/.visemill"),
        ({"checkpoint_dir": "s3://b/t/"}, "s3://b/t/best_model.pt", "s3://b/t/.visemill"),
        ({"checkpoint": "x/a.safetensors"}, "x/a.safetensors", "x/.visemill"),
        ({"checkpoint": "a.pt", "checkpoint_dir": "t"}, "a.pt", "./.visemill"),
        ({"state_root": "state"}, "checkpoints/best_model.pt", "state"),
    ],
)
def test_the_best_of_a_training_is_tested_with_the_index_beside_it(given, file, index_root):
    settings = TestSettings(data_root="r", **given)
    assert (settings.file, settings.index_root) == (file, index_root)


def test_a_look_keeps_the_index_below_the_records():
    assert StatsSettings(data_root="r/").index_root == "r/.visemill"
    assert StatsSettings(data_root="r", state_root="s").index_root == "s"
    assert EstimateSettings(data_root="r/", output="o").index_root == "r/.visemill"
    assert EstimateSettings(data_root="r", output="o", state_root="s").index_root == "s"


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (TestSettings, {}, "say where the records are"),
        (StatsSettings, {}, "say where the records are"),
        (TestSettings, {"data_root": "r", "beam_width": 0}, "beam_width 0 is 1 or more"),
        (TestSettings, {"data_root": "r", "num_examples": -1}, "num_examples -1 and num_shown 6 are 0 or more"),
        (StatsSettings, {"data_root": "r", "val_share": 1.0}, "val_share is 1.0"),
        (TestSettings, {"data_root": "r", "beam_width": 1, "lm": "a.arpa"}, "beam_width is 1: give 2 or more"),
        (InferSettings, {"video_path": "v", "bundle": "b", "beam_width": 1, "lm": "a"}, "beam_width is 1: give 2"),
        (InferSettings, {"video_path": "v", "bundle": "b", "lm": "a", "lm_weight": -1.0}, "weight .* is 0 or more"),
        (EstimateSettings, {"text": "t"}, "say where to"),
        (EstimateSettings, {"output": "o"}, "say what to count"),
        (EstimateSettings, {"output": "o", "text": "t", "order": 11}, "order is 11: give 1 to 10"),
        (EstimateSettings, {"output": "o", "text": "t", "val_share": 1.0}, "val_share is 1.0"),
    ],
)
def test_what_cannot_be_is_refused(kind, given, said):
    with pytest.raises(ValueError, match=said):
        kind(**given)
