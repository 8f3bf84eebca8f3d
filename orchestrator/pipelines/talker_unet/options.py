"""PURE: what a user may choose of a training of talker-unet: the recipe's settings, and ranks."""

from __future__ import annotations

from typing import Any

from orchestrator.pipelines.training.options import gangs_of, options_of
from services.base.run.passes import GangPlan
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig

UNetOptions = options_of("UNetOptions", UNetConfig)


def gangs(options: Any) -> tuple[GangPlan, ...]:
    """One pass, of the recipe."""
    return gangs_of(RECIPE.name, UNetConfig, options)
