"""I/O: `visemill test`, `stats` and `infer chinese-lips-lstm`."""

from __future__ import annotations

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.training.doors import outcome_of
from services.training.recipes.chinese_lips_lstm.door_settings import (
    LipsInferSettings,
    LipsStatsSettings,
    LipsTestSettings,
)
from services.training.recipes.chinese_lips_lstm.spec import RECIPE


def test(options: LipsTestSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "test", options, "testing", "--json")


def stats(options: LipsStatsSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "stats", options, "reading the data set")


def infer(options: LipsInferSettings) -> Outcome:
    """Raises what the service fails with."""
    found = outcome_of(RECIPE.name, "infer", options, "reading the clip", "--json")
    return Outcome(found.data["read"], found.text, found.exit_code)
