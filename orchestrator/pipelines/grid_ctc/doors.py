"""I/O: `visemill test`, `stats` and `export grid-ctc`."""

from __future__ import annotations

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.training.doors import outcome_of
from services.training.recipes.grid_ctc.door_settings import ExportSettings, StatsSettings, TestSettings
from services.training.recipes.grid_ctc.spec import RECIPE


def test(options: TestSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "test", options, "testing", "--json")


def stats(options: StatsSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "stats", options, "reading the records")


def export(options: ExportSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "export", options, "exporting", "--json")
