"""A pipeline by its name."""

from __future__ import annotations

from orchestrator.pipelines import pipeline_module
from orchestrator.pipelines.base import Pipeline


def pipeline_of(name: str) -> Pipeline:
    """The pipeline of that name. Raises BadConfig."""
    pipeline: Pipeline = pipeline_module(name).PIPELINE
    return pipeline
