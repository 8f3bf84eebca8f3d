"""I/O: from a request to a plan: lists the input root, asks the stages who they are, hands both to the pure plan."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.base import DataSet, Inputs
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.planner.services import describe
from orchestrator.roots import open_named, state_root
from orchestrator.runs.claim.claim import claim_of, finished_as, pinned_order
from orchestrator.runs.plan import Plan, Roots, make_plan
from services.base.run.spec import RunSpec
from services.base.stage.config import argv_of
from services.base.stage.fields import given_of, with_files
from services.base.store.open import open_store
from services.base.store.roots import absolute


def plan_of(request: RunRequest) -> Plan:
    """Lists and plans. Raises BadConfig."""
    pipeline, options, roots = pipeline_of(request.pipeline), request.options, request.roots
    # Before the reader looks at files that the run adds to.
    found = _found(roots)
    inputs = inputs_of(request)
    data_set = _with_command(pipeline.read(inputs, options), request)
    stages = pipeline.stages(options)
    where = Roots(inputs.input_root, absolute(roots.output_root), state_root(roots.output_root, roots.state_root))
    gangs = pipeline.gangs(options)
    identities = describe(stages, request.device)
    recipes = [describe([(gang.recipe, gang.config)], request.device)[0] for gang in gangs]
    name, follow_links = roots.run_name, roots.follow_links
    plan = make_plan(
        *(pipeline, data_set, stages, identities, where, options.num_shards),
        run=name,
        follow_links=follow_links,
        gangs=gangs,
        recipes=recipes,
    )
    chosen = given_of(with_files(options, absolute))
    plan = dataclasses.replace(plan, order=dataclasses.replace(plan.order, options=chosen))
    return dataclasses.replace(plan, found=found, dataset=roots.dataset, datasets_root=absolute(roots.datasets_root))


def inputs_of(request: RunRequest) -> Inputs:
    """What a reader reads: of a single file, where the pipeline takes one, its folder and itself. Raises BadConfig."""
    roots = request.roots
    root, output_root = absolute(roots.input_root), absolute(roots.output_root)
    positionals = pipeline_of(request.pipeline).positionals
    if positionals and "://" not in root and Path(root).is_file():
        folder, name = str(Path(root).parent), Path(root).name
        entry = open_store(folder, must_exist=True, follow_links=roots.follow_links).stat(name)
        return Inputs([entry] if entry else [], folder, output_root, lambda: _earlier(roots))
    store = open_named("--input-root", root, must_exist=True, follow_links=roots.follow_links)
    return Inputs(store.list(directories=True), root, output_root, lambda: _earlier(roots))


def _found(roots: RunRoots) -> bytes:
    claim = claim_of(open_named("--output-root", absolute(roots.output_root)))
    if claim is None:
        return b""
    return finished_as(open_named("--state-root", state_root(roots.output_root, roots.state_root)), claim.run)


def _earlier(roots: RunRoots) -> list[RunSpec]:
    claim = claim_of(open_store(absolute(roots.output_root)))
    state = open_store(state_root(roots.output_root, roots.state_root))
    found = [pinned_order(state, run) for run in (*claim.earlier, claim.run)] if claim else []
    return [order for order in found if order]


def _with_command(data_set: DataSet, request: RunRequest) -> DataSet:
    """Each problem with the command that shows it again."""
    roots = ["--input-root", absolute(request.roots.input_root), "--output-root", absolute(request.roots.output_root)]
    command = shlex.join(["visemill", "plan", request.pipeline, *roots, *argv_of(request.options)])
    problems = tuple(dataclasses.replace(line, reproduce=command) for line in data_set.problems)
    return dataclasses.replace(data_set, problems=problems)


def limit_words(order: RunSpec) -> list[str]:
    """Flags of the `once` entry point: the pipeline's own limits on a clip."""
    pipeline = pipeline_of(order.pipeline)
    return ["--clip-time-s", f"{pipeline.clip_time_s:g}", "--clip-memory-mib", str(pipeline.clip_memory_mib)]
