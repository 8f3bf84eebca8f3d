"""I/O: from a request to a plan: lists the input root, asks the stages who they are, hands both to the pure plan."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.access.allowed import Allowed
from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.pipelines.base import DataSet, Inputs, Options, Pipeline
from orchestrator.pipelines.data_sets import Stages
from orchestrator.pipelines.files import Files, any_bucket, any_root
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.pipelines.surveys import Planned
from orchestrator.planner.adopting import has_to_adopt, left_alone
from orchestrator.planner.listing import JoinedListing
from orchestrator.planner.packed import refuse_packed
from orchestrator.planner.services import Describe, answer_of, describe
from orchestrator.roots import open_named, state_root
from orchestrator.runs.claim.claim import claim_of, finished_as, pinned_spec
from orchestrator.runs.plan import Plan, Roots, make_plan
from services.base.run.manifest import ClipTable
from services.base.run.spec import RunSpec
from services.base.stage.config import argv_of
from services.base.stage.fields import given_of, with_files
from services.base.store.interface import Entry
from services.base.store.open import open_store
from services.base.store.roots import absolute


def plan_of(
    request: RunRequest,
    allowed: Allowed | None = None,
    *,
    cluster_only: bool = False,
    remotes: Sequence[str] = (),
    now: Callable[[str], object] = lambda _: None,
    asks: Describe = describe,
) -> Plan:
    """Lists and plans. Raises BadConfig.

    allowed: what manifests may name; None: anything. cluster_only: the run is for pods, which see no folder of here.
    remotes: STAGE=TARGET of stages that servers compute. now: hears what takes long. asks: the stages who they are.
    """
    pipeline, options, roots = pipeline_of(request.pipeline), request.options, request.roots
    # Before the reader looks at files that the run adds to.
    found = _found(roots)
    listing, inputs = _inputs_of(request, allowed, cluster_only=cluster_only or request.cluster == "kube")
    data_set = _with_command(listing.located(pipeline.read(inputs, options)), request)
    stages = pipeline.stages(options)
    where = Roots(
        inputs.input_root,
        absolute(roots.output_root),
        state_root(roots.output_root, roots.state_root),
        inputs.further_roots,
    )
    gangs = pipeline.gangs(options)
    identities = asks(stages, request.device)
    recipes = [asks([(gang.recipe, gang.config)], request.device)[0] for gang in gangs]
    name, follow_links = roots.run_name, roots.follow_links

    def make(stages: Stages, identities: Sequence[Mapping[str, Any]]) -> Plan:
        return make_plan(
            *(pipeline, data_set, stages, identities, where, data_set.num_shards or options.num_shards),
            run=name,
            follow_links=follow_links,
            gangs=gangs,
            recipes=recipes,
        )

    plan = make(stages, identities)
    adoption = pipeline.adoption
    if adoption is not None and adoption.is_asked(options) and has_to_adopt(adoption, where.outputs, plan.spec):
        place, added = adoption.place(stages), adoption.added(options)
        looking = asks([added], request.device)
        plan = make([*stages[:place], added, *stages[place:]], [*identities[:place], *looking, *identities[place:]])
        refuse_packed(adoption, where.outputs, plan.spec)
        notes = (*plan.notes, *left_alone(adoption, where.outputs, plan.rows))
        plan = dataclasses.replace(plan, notes=notes, adopts=True)
    elsewhere = _elsewhere(request, plan.spec, remotes, cluster_only=cluster_only)
    planned = _planned(request, plan.spec, elsewhere, made_before=_made_before(roots, plan.spec))
    notes = (*plan.notes, *_found_by_checks(pipeline, options, plan.rows, planned, now))
    plan = dataclasses.replace(plan, notes=notes)
    chosen = given_of(with_files(options, absolute))
    plan = dataclasses.replace(plan, spec=dataclasses.replace(plan.spec, options=chosen))
    return dataclasses.replace(plan, found=found, dataset=roots.dataset, datasets_root=absolute(roots.datasets_root))


def _elsewhere(request: RunRequest, spec: RunSpec, remotes: Sequence[str], *, cluster_only: bool) -> frozenset[str]:
    """Stages that other machines compute. A device that is said for all workers is that of other machines."""
    if cluster_only or request.cluster == "kube" or request.device != "auto":
        return frozenset(stage.name for stage in spec.stages)
    return frozenset(pair.partition("=")[0] for pair in remotes)


def _planned(request: RunRequest, spec: RunSpec, elsewhere: frozenset[str], *, made_before: frozenset[str]) -> Planned:
    return Planned(
        {stage.name: stage.config for stage in spec.stages},
        {stage.name: stage.models for stage in spec.stages},
        spec.media_roots,
        spec.follow_links,
        elsewhere,
        spec.num_shards,
        request.limits.num_workers,
        made_before,
    )


def _made_before(roots: RunRoots, spec: RunSpec) -> frozenset[str]:
    """Stages that a run of the output has pinned as they are planned now."""
    made = [run.stages for run in _earlier(roots) if run.libraries == spec.libraries]
    return frozenset(stage.name for stage in spec.stages if any(stage in stages for stages in made))


def _found_by_checks(
    pipeline: Pipeline, options: Options, rows: ClipTable, planned: Planned, now: Callable[[str], object]
) -> Iterable[str]:
    """What its surveys found. Raises BadConfig."""
    checks = pipeline.plan_checks(options, rows, planned)
    return () if checks is None else checks.judge(answer_of(survey, now) for survey in checks.surveys)


def inputs_of(request: RunRequest) -> Inputs:
    """What a reader reads: of a single file, where the pipeline takes one, its folder and itself. Raises BadConfig."""
    return _inputs_of(request, None, cluster_only=False)[1]


def _inputs_of(request: RunRequest, allowed: Allowed | None, *, cluster_only: bool) -> tuple[JoinedListing, Inputs]:
    roots, follow_links = request.roots, request.roots.follow_links
    given = [absolute(root) for root in roots.input_roots]
    root_of = allowed.root_of if allowed is not None else any_bucket if cluster_only else any_root
    files = Files(root_of, follow_links=follow_links)
    listings: list[Iterable[Entry]] = []
    pipeline = pipeline_of(request.pipeline)
    takes_files = pipeline.positionals is not None
    for i, root in enumerate(given):
        if takes_files and "://" not in root and Path(root).is_file():
            given[i] = str(Path(root).parent)
            entry = open_store(given[i], must_exist=True, follow_links=follow_links).stat(Path(root).name)
            listings.append([entry] if entry else [])
        else:
            store = open_named(pipeline.root_flag, root, must_exist=True, follow_links=follow_links)
            listings.append(store.list(directories=True))
    listing = JoinedListing(given, listings)
    output_root, further = absolute(roots.output_root), tuple(given[1:])
    return listing, Inputs(listing, given[0], output_root, lambda: _earlier(roots), further, files)


def _found(roots: RunRoots) -> bytes:
    claim = claim_of(open_named("--output-root", absolute(roots.output_root)))
    if claim is None:
        return b""
    return finished_as(open_named("--state-root", state_root(roots.output_root, roots.state_root)), claim.run)


def _earlier(roots: RunRoots) -> list[RunSpec]:
    return earlier_runs_of(roots.output_root, roots.state_root)


def earlier_runs_of(output_root: str, state: str = "") -> list[RunSpec]:
    """The runs that an output holds, the oldest first; none where it is nobody's. state: root of their state; empty:
    within the output. Raises BadConfig.
    """
    claim = claim_of(open_store(absolute(output_root)))
    state_store = open_store(state_root(output_root, state))
    found = [pinned_spec(state_store, run) for run in (*claim.earlier, claim.run)] if claim else []
    return [spec for spec in found if spec]


def _with_command(data_set: DataSet, request: RunRequest) -> DataSet:
    """Each problem with the command that shows it again."""
    roots = [word for root in request.roots.input_roots for word in ("--input-root", absolute(root))]
    roots += ["--output-root", absolute(request.roots.output_root)]
    command = shlex.join(
        ["visemill", "plan", request.pipeline, *roots, *argv_of(with_files(request.options, absolute))]
    )
    problems = tuple(dataclasses.replace(line, reproduce=command) for line in data_set.problems)
    return dataclasses.replace(data_set, problems=problems)


def limit_argv(spec: RunSpec) -> list[str]:
    """Flags of the `once` entry point: the pipeline's own limits on a clip."""
    pipeline = pipeline_of(spec.pipeline)
    return ["--clip-time-s", f"{pipeline.clip_time_s:g}", "--clip-memory-mib", str(pipeline.clip_memory_mib)]
