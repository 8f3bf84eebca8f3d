"""The pipeline `chinese-lips-lstm`: a training on tables and videos that are there, or on records made of them."""

from __future__ import annotations

from orchestrator.pipelines.chinese_lips_lstm.options import ChineseLipsOptions, gangs
from orchestrator.pipelines.training.lips_files import count, read
from orchestrator.pipelines.training.pipeline import training_pipeline
from services.training.recipes.chinese_lips_lstm.spec import FREE_SETTINGS, RECIPE

PIPELINE = training_pipeline(
    RECIPE.name,
    "a lipreader of Mandarin, from a Chinese-LiPS data set",
    ChineseLipsOptions,
    read,
    count,
    gangs,
    FREE_SETTINGS,
)
