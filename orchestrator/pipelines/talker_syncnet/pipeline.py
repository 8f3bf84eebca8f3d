"""The pipeline `talker-syncnet`: a training on folders that `visemill run talker` has made."""

from __future__ import annotations

from orchestrator.pipelines.talker_syncnet.options import SyncNetOptions, gangs
from orchestrator.pipelines.training.person_files import count, read
from orchestrator.pipelines.training.pipeline import training_pipeline
from services.training.recipes.talker.spec import FREE_SETTINGS
from services.training.recipes.talker_syncnet.spec import RECIPE

PIPELINE = training_pipeline(
    RECIPE.name,
    "a network that says whether lips and sound belong together, from persons' folders",
    SyncNetOptions,
    read,
    count,
    gangs,
    FREE_SETTINGS,
)
