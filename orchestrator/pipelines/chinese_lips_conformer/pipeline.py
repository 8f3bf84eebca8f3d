"""The pipeline `chinese-lips-conformer`: a training on tables and videos, or on records made of them."""

from __future__ import annotations

from orchestrator.pipelines.chinese_lips_conformer.options import ConformerOptions, gangs
from orchestrator.pipelines.training.lips_files import count, read
from orchestrator.pipelines.training.pipeline import training_pipeline
from services.training.recipes.chinese_lips_conformer.spec import FREE, RECIPE

PIPELINE = training_pipeline(
    RECIPE.name,
    "a lipreader of Mandarin by joint CTC and attention, from a Chinese-LiPS data set",
    ConformerOptions,
    read,
    count,
    gangs,
    FREE,
)
