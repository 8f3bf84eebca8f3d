"""Which file is tested, and on whom."""

from services.training.recipes.talker_syncnet.command_settings import SyncTestSettings


def test_the_best_of_a_training_is_tested_unless_a_file_is_named():
    assert SyncTestSettings(checkpoint_dir="c/").file == "c/best_model.pt"
    assert SyncTestSettings(checkpoint="a.pt").file == "a.pt"


def test_names_are_a_line_each():
    assert SyncTestSettings(names="a\nb").chosen_names == ("a", "b")
    assert SyncTestSettings().chosen_names == ()
