"""Limits of `visemill run`, as people write them."""

import argparse

import pytest

from orchestrator.access.request import Limits
from orchestrator.cli.runs.run_options import add_run_flags, failure_limit, options_of
from services.base.errors import BadConfig
from services.base.run.spec import PinnedStage, RunSpec


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("12", 12), ("5%", 50), ("0.5%", 5), ("100%", None), ("150%", None)]
)
def test_limits_on_failures(text, expected):
    assert failure_limit(text, 1000) == expected


@pytest.mark.parametrize("text", ["", "-1", "many", "nan", "inf", "%"])
def test_limits_that_are_none(text):
    with pytest.raises(BadConfig, match="such as"):
        failure_limit(text, 1000)


@pytest.mark.parametrize(("asked", "attempts", "generations"), [(0, 4, 3), (1, 1, 1), (7, 7, 7)])
def test_a_shard_has_four_attempts_and_a_gang_three_unless_a_number_is_given(asked, attempts, generations):
    parser = argparse.ArgumentParser()
    add_run_flags(parser)
    spec = RunSpec("r", "grid", "d" * 64, (PinnedStage("decode"),), "/in", "/out", 1, 1, "c" * 64, {})
    policy = options_of(Limits(max_attempts=asked), parser.parse_args([]), spec).policy
    assert (policy.max_attempts, policy.max_generations) == (attempts, generations)
