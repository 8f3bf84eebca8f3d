"""PURE: what a user may choose of a training of chinese-lips-conformer: the recipe's settings, and ranks."""

from __future__ import annotations

from typing import Any

from orchestrator.pipelines.training.options import gangs_of, options_of
from services.base.run.passes import GangPlan
from services.training.recipes.chinese_lips_conformer.spec import RECIPE, ConformerConfig

ConformerOptions = options_of("ConformerOptions", ConformerConfig)


def gangs(options: Any) -> tuple[GangPlan, ...]:
    """One pass, of the recipe."""
    return gangs_of(RECIPE.name, ConformerConfig, options)
