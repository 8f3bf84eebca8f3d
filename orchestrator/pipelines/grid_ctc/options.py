"""PURE: what a user may choose of a training of grid-ctc: the recipe's settings, and how many ranks there are."""

from __future__ import annotations

from typing import Any

from orchestrator.pipelines.training.options import gangs_of, options_of
from services.base.run.passes import GangPlan
from services.training.recipes.grid_ctc.spec import RECIPE, GridCtcConfig

GridCtcOptions = options_of("GridCtcOptions", GridCtcConfig)


def gangs(options: Any) -> tuple[GangPlan, ...]:
    """One pass, of the recipe."""
    return gangs_of(RECIPE.name, GridCtcConfig, options)
