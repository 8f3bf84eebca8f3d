"""The commands of the training."""

from orchestrator.pipelines.commands import commands_of


def test_it_is_trained_and_tested():
    assert commands_of("talker-unet").verbs == ("plan", "pin", "train", "test", "export")
