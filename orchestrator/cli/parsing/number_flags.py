"""The numbers of a run's processes as each pipeline spells them: its flags, and what they say."""

from __future__ import annotations

import argparse

from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.base import Pipeline
from orchestrator.pipelines.data_sets import NumberFlags
from orchestrator.pipelines.lookup import pipeline_of
from services.base.errors import BadConfig

_DECODERS = "decoders beside each worker process; 0: as many as it has use for (default: 0)"


def add_numbers_of(parser: argparse.ArgumentParser, pipeline: Pipeline) -> None:
    """Of a command of this pipeline."""
    numbers = pipeline.numbers
    text = "worker processes; 0: one per core (default: %(default)s)"
    parser.add_argument(numbers.workers, type=int, default=numbers.num_workers, metavar="N", help=text)
    if numbers.decoders:
        parser.add_argument(numbers.decoders, type=int, default=0, metavar="N", help=_DECODERS)


def add_number_flags(parser: argparse.ArgumentParser) -> None:
    """Of commands that find out of which pipeline the run is: the flags of each, as `run` has them."""
    usual = NumberFlags()
    own = {name: pipeline_of(name).numbers for name in sorted(PIPELINES)}
    others = {name: numbers for name, numbers in own.items() if numbers.workers != usual.workers}
    of_decoders = [name for name, numbers in others.items() if numbers.decoders == usual.workers]
    also = f"; of {', '.join(of_decoders)} {_DECODERS}" if of_decoders else ""
    parser.add_argument(
        usual.workers, type=int, metavar="N", help=f"worker processes; 0: one per core (default: 0){also}"
    )
    added = {usual.workers}
    for name, numbers in others.items():
        texts = {
            numbers.workers: f"of {name}, worker processes; 0: one per core (default: {numbers.num_workers})",
            numbers.decoders: f"of {name}, {_DECODERS}",
        }
        for flag, text in texts.items():
            if flag and flag not in added:
                parser.add_argument(flag, type=int, metavar="N", help=text)
                added.add(flag)


def numbers_of(flags: argparse.Namespace, pipeline: Pipeline | None) -> tuple[int, int]:
    """(worker processes, decoders beside each) as the pipeline spells them; 0: as it has them.

    pipeline: None where a server knows, which takes the usual spelling. Raises BadConfig for a number below 0, and for
    another pipeline's spelling.
    """
    numbers = NumberFlags() if pipeline is None else pipeline.numbers
    own = {numbers.workers_dest: numbers.workers, numbers.decoders_dest: numbers.decoders}
    for other in {pipeline_of(name).numbers for name in PIPELINES}:
        for dest, flag in ((other.workers_dest, other.workers), (other.decoders_dest, other.decoders)):
            if pipeline is not None and dest and dest not in own and getattr(flags, dest, None) is not None:
                raise BadConfig(
                    "BAD_FLAGS", f"{flag} is no flag of a run of {pipeline.name}: give {numbers.workers} instead"
                )
    found = []
    for dest, flag in own.items():
        value = (getattr(flags, dest, None) if dest else None) or 0
        if value < 0:
            raise BadConfig("BAD_WORKERS", f"{flag} must be 0 (as the machine allows) or more, not {value}")
        found.append(value)
    if getattr(flags, numbers.workers_dest, None) is None:
        found[0] = numbers.num_workers
    return found[0], sum(found[1:])
