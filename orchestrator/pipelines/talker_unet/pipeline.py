"""The pipeline `talker-unet`: a training on folders that `visemill run talker` has made."""

from __future__ import annotations

from orchestrator.pipelines.talker_unet.options import UNetOptions, gangs
from orchestrator.pipelines.training.person_files import count, read_for_head
from orchestrator.pipelines.training.pipeline import training_pipeline
from services.training.recipes.talker_unet.spec import FREE_SETTINGS, RECIPE

PIPELINE = training_pipeline(
    RECIPE.name,
    "a network that paints a mouth for a sound, from persons' folders",
    UNetOptions,
    read_for_head,
    count,
    gangs,
    FREE_SETTINGS,
)
