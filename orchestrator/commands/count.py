"""`visemill count`: how many clips with labels there are."""

from __future__ import annotations

import argparse

from orchestrator.commands import Answer
from orchestrator.commands.roots import absolute
from orchestrator.planning import pipeline_of
from services.base.store import open_store


def count(flags: argparse.Namespace) -> Answer:
    """Just the number, as the original script prints it."""
    pipeline = pipeline_of(flags.pipeline)
    inputs = open_store(absolute(flags.input_root), must_exist=True, follow_links=flags.follow_links)
    num_clips = pipeline.count(inputs.list(directories=True), flags)
    return Answer(str(num_clips), {"clips": num_clips})
