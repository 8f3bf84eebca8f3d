"""I/O: `visemill test talker-unet`."""

from __future__ import annotations

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.training.entry_points import outcome_of
from services.training.recipes.talker_unet.export_settings import HeadExportSettings
from services.training.recipes.talker_unet.spec import RECIPE
from services.training.recipes.talker_unet.test_settings import HeadTestSettings


def test(options: HeadTestSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "test", options, "testing", "--json")


def export(options: HeadExportSettings) -> Outcome:
    """Raises what the service fails with."""
    return outcome_of(RECIPE.name, "export", options, "exporting", "--json")
