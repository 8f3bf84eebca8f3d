"""I/O: `visemill test`, `stats`, `lm`, `export` and `infer grid-ctc`."""

from __future__ import annotations

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.training.entry_points import outcome_of
from orchestrator.pipelines.training.reading import infer_by
from services.training.recipes.exported import ExportSettings, InferSettings
from services.training.recipes.grid_ctc.command_settings import EstimateSettings, StatsSettings, TestSettings
from services.training.recipes.grid_ctc.spec import RECIPE


def test(options: TestSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "test", options, "testing", "--json")


def stats(options: StatsSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "stats", options, "reading the records")


def lm(options: EstimateSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "lm", options, "counting")


def export(options: ExportSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "export", options, "exporting", "--json")


def infer(options: InferSettings) -> Outcome:
    """Raises what the services fail with."""
    return infer_by(options, export)
