"""`visemill count`: how many clips with labels there are."""

from __future__ import annotations

import argparse

from orchestrator.cli.answer import Answer
from orchestrator.planner.planning import listing, pipeline_of


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Only those of the data set."""


def count(flags: argparse.Namespace) -> Answer:
    """Just the number, as the original script prints it."""
    pipeline = pipeline_of(flags.pipeline)
    num_clips = pipeline.count(listing(pipeline, flags)[1], flags)
    return Answer(str(num_clips), {"clips": num_clips})
