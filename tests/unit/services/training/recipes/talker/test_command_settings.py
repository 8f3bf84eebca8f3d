"""Which file is tested, and on whom."""

from services.training.recipes.talker.command_settings import TalkerTestSettings


def test_the_best_of_a_training_is_tested_unless_a_file_is_named():
    assert TalkerTestSettings(checkpoint_dir="c/").file == "c/best_model.pt"
    assert TalkerTestSettings(checkpoint="a.pt").file == "a.pt"


def test_names_are_a_line_each():
    assert TalkerTestSettings(names="a\nb").chosen_names == ("a", "b")
    assert TalkerTestSettings().chosen_names == ()
