"""Commands that every training has."""

import pytest

from orchestrator.pipelines.training.verbs import TRAIN, verb_of


@pytest.mark.parametrize(("name", "calls"), [("test", "m.entry_points:test"), ("inference", "m.entry_points:infer")])
def test_a_command_calls_the_entry_point_of_its_name(name: str, calls: str) -> None:
    verb = verb_of(name, "m.entry_points", "m.settings:Some")
    assert (verb.name, verb.calls, verb.options) == (name, calls, "m.settings:Some")
    assert verb.summary and TRAIN.same_as == "run"


def test_a_name_that_not_every_training_has_is_none() -> None:
    with pytest.raises(KeyError):
        verb_of("download", "m.entry_points", "m.settings:Some")
