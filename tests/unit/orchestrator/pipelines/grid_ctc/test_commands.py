"""`visemill train grid-ctc` is a run; `test` and `stats` are the service's entry points."""

from orchestrator.pipelines.commands import commands_of, only_pipeline_of, resolve
from orchestrator.pipelines.grid_ctc.commands import COMMANDS
from services.base.stage.fields import fields_of


def test_a_training_is_a_run_under_its_own_name():
    assert commands_of("grid-ctc") is COMMANDS and COMMANDS.verbs == ("plan", "train", "test", "stats")
    assert COMMANDS.own[0].same_as == "run" and only_pipeline_of("train") == "grid-ctc"


def test_the_other_commands_take_what_the_entry_points_take():
    for verb in COMMANDS.own[1:]:
        flags = {field.flag for field in fields_of(resolve(verb.options))}
        assert "--data-root" in flags and callable(resolve(verb.calls))
