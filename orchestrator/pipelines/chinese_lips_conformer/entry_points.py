"""I/O: `visemill test`, `stats`, `lm`, `export` and `infer chinese-lips-conformer`."""

from __future__ import annotations

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.training.entry_points import outcome_of
from orchestrator.pipelines.training.reading import infer_by
from services.training.recipes.chinese_lips_conformer.command_settings import (
    ConformerInferSettings,
    ConformerTestSettings,
)
from services.training.recipes.chinese_lips_conformer.spec import RECIPE
from services.training.recipes.exported import ExportSettings
from services.training.recipes.lips.command_settings import LipsEstimateSettings, LipsStatsSettings


def test(options: ConformerTestSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "test", options, "testing", "--json")


def stats(options: LipsStatsSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "stats", options, "reading the data set")


def lm(options: LipsEstimateSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "lm", options, "counting")


def export(options: ExportSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "export", options, "exporting", "--json")


def infer(options: ConformerInferSettings) -> Outcome:
    """Raises what the services fail with."""
    return infer_by(options, export)
