"""`visemill train grid-ctc` is a run."""

from orchestrator.pipelines.commands import commands_of, only_pipeline_of
from orchestrator.pipelines.grid_ctc.commands import COMMANDS


def test_a_training_is_a_run_under_its_own_name():
    assert commands_of("grid-ctc") is COMMANDS and COMMANDS.verbs == ("plan", "train")
    assert COMMANDS.own[0].same_as == "run" and only_pipeline_of("train") == "grid-ctc"
