"""What a pipeline says of its roots, its data sets and its processes cannot be half said."""

import pytest

from orchestrator.pipelines.data_sets import Adoption, GivenDataSet, NumberFlags, OutputFlag


def test_flags_are_known_by_the_names_that_parsed_flags_have():
    assert OutputFlag("--output-dir", "out").dest == "output_dir"
    numbers = NumberFlags("--num-processes", 1, "--workers")
    assert (numbers.workers_dest, numbers.decoders_dest) == ("num_processes", "workers")
    assert (NumberFlags().workers_dest, NumberFlags().decoders_dest) == ("workers", "")


@pytest.mark.parametrize(("flag", "default"), [("output-dir", "out"), ("--output-dir", "")])
def test_an_output_has_a_flag_and_a_default(flag, default):
    with pytest.raises(ValueError, match="a flag and a default"):
        OutputFlag(flag, default)


def test_a_data_set_has_an_output():
    with pytest.raises(ValueError, match="needs an output root"):
        GivenDataSet("am", "", None)


ADOPTION = Adoption("--take", bool, "look", "text", lambda options: {"own": options}, str, bool)


def test_it_stands_after_the_stage_that_it_needs():
    assert ADOPTION.place([("audio", {}), ("text", {}), ("last", {})]) == 2
    assert ADOPTION.added(3) == ("look", {"own": 3})
