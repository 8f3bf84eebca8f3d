"""`visemill train grid-ctc` is a run; the other verbs are entry points of services."""

import pytest

from orchestrator.pipelines.commands import commands_of, resolve
from orchestrator.pipelines.grid_ctc.commands import COMMANDS
from services.base.stage.fields import fields_of


def test_a_training_is_a_run_under_its_own_name():
    assert commands_of("grid-ctc") is COMMANDS and COMMANDS.verbs == (
        *("plan", "pin", "train", "test", "stats", "lm", "export", "infer", "inference"),
    )
    assert COMMANDS.own[0].same_as == "run"


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("test", "--data-root"),
        ("test", "--lm-weight"),
        ("infer", "--lm-bonus"),
        ("stats", "--data-root"),
        ("lm", "--output"),
        ("export", "--bundle"),
        ("infer", "--video-path"),
        ("inference", "--video-path"),
    ],
)
def test_the_other_commands_take_what_the_entry_points_take(name: str, flag: str) -> None:
    (verb,) = (verb for verb in COMMANDS.own if verb.name == name)
    assert flag in {field.flag for field in fields_of(resolve(verb.options))} and callable(resolve(verb.calls))
