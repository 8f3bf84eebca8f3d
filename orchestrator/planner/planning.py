"""I/O: from flags to a plan: lists the input root, asks the stages who they are, and hands both to the pure planner."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from collections.abc import Iterable
from pathlib import Path

from orchestrator.console.flags import words_given_by
from orchestrator.pipelines import PIPELINES, pipeline_module
from orchestrator.pipelines.base import DataSet, Pipeline
from orchestrator.planner.services import describe
from orchestrator.roots import open_named, state_root
from orchestrator.runs.claim.claim import claim_of, finished_as, pinned_order
from orchestrator.runs.plan import Plan, Roots, make_plan
from services.base.run.spec import RunSpec
from services.base.store.interface import Entry
from services.base.store.open import open_store
from services.base.store.roots import absolute


def pipeline_of(name: str) -> Pipeline:
    """The pipeline of that name. Raises BadConfig."""
    pipeline: Pipeline = pipeline_module(name).PIPELINE
    return pipeline


def pipelines() -> list[Pipeline]:
    """All pipelines, in the order of the table."""
    return [pipeline_of(name) for name in PIPELINES]


def plan_of(pipeline: Pipeline, flags: argparse.Namespace, device: str = "auto") -> Plan:
    """Lists and plans. device: what a stage's device "auto" means for the workers. Raises BadConfig."""
    # Before the reader looks at files that the run adds to.
    found = _found(flags)
    input_root, entries = listing(pipeline, flags)
    data_set = _with_command(pipeline.read(entries, flags, lambda: _earlier(flags)), flags)
    stages = pipeline.stages(flags)
    roots = Roots(input_root, absolute(flags.output_root), state_root(flags))
    identities = describe(stages, device)
    plan = make_plan(
        pipeline, data_set, stages, identities, roots, flags.num_shards, run=flags.run, follow_links=flags.follow_links
    )
    return dataclasses.replace(plan, found=found)


def _found(flags: argparse.Namespace) -> bytes:
    claim = claim_of(open_named("--output-root", absolute(flags.output_root)))
    return finished_as(open_named("--state-root", state_root(flags)), claim.run) if claim else b""


def _earlier(flags: argparse.Namespace) -> list[RunSpec]:
    claim = claim_of(open_store(absolute(flags.output_root)))
    state = open_store(state_root(flags))
    found = [pinned_order(state, run) for run in (*claim.earlier, claim.run)] if claim else []
    return [order for order in found if order]


def listing(pipeline: Pipeline, flags: argparse.Namespace) -> tuple[str, Iterable[Entry]]:
    """(the input root, what is below it): of a single file, where the pipeline takes one, its folder and itself.

    Raises BadConfig.
    """
    root = absolute(flags.input_root)
    if pipeline.positionals and "://" not in root and Path(root).is_file():
        folder, name = str(Path(root).parent), Path(root).name
        entry = open_store(folder, must_exist=True, follow_links=flags.follow_links).stat(name)
        return folder, [entry] if entry else []
    return root, open_named("--input-root", root, must_exist=True, follow_links=flags.follow_links).list(
        directories=True
    )


def _with_command(data_set: DataSet, flags: argparse.Namespace) -> DataSet:
    """Each problem with the command that shows it again."""
    own = words_given_by(flags, pipeline_of(flags.pipeline).add_flags)
    roots = ["--input-root", absolute(flags.input_root), "--output-root", absolute(flags.output_root)]
    command = ["visemill", "plan", flags.pipeline, *roots, *own]
    told = tuple(dataclasses.replace(line, reproduce=shlex.join(command)) for line in data_set.problems)
    return dataclasses.replace(data_set, problems=told)


def limit_words(order: RunSpec) -> list[str]:
    """Flags of the `once` entry point: the pipeline's own limits on a clip."""
    pipeline = pipeline_of(order.pipeline)
    return ["--clip-time-s", f"{pipeline.clip_time_s:g}", "--clip-memory-mib", str(pipeline.clip_memory_mib)]
