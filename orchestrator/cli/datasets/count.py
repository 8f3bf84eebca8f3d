"""`visemill count`: how many clips with labels there are."""

from __future__ import annotations

import argparse

from orchestrator.cli.answer import Answer
from orchestrator.cli.runs.request import request_of
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.planner.planning import inputs_of


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Only those of the data set."""


def count(flags: argparse.Namespace) -> Answer:
    """Just the number, as the original script prints it."""
    request = request_of(flags)
    num_clips = pipeline_of(request.pipeline).count(inputs_of(request), request.options)
    return Answer(str(num_clips), {"clips": num_clips})
