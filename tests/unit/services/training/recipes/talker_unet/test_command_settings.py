"""Which file is tested, and on whom."""

from services.training.recipes.talker_unet.command_settings import UNetTestSettings


def test_the_best_of_a_training_is_tested_unless_a_file_is_named():
    assert UNetTestSettings(checkpoint_dir="c/").file == "c/best_model.pt"
    assert UNetTestSettings(checkpoint="a.pt").file == "a.pt"


def test_names_are_a_line_each():
    assert UNetTestSettings(names="a\nb").chosen_names == ("a", "b")
    assert UNetTestSettings().chosen_names == ()
