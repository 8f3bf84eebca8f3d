"""I/O: a run whose left-out files are fixed is planned anew; the new run takes over every shard that stays as it was.

The output passes to the new run, whose bytes are those of a run over the fixed folder: docs/decisions/0012.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from orchestrator.access.allowed import Allowed
from orchestrator.access.request import RunRequest, RunRoots
from orchestrator.access.state_names import planned_options
from orchestrator.pipelines.base import Pipeline
from orchestrator.planner.planning import plan_of
from orchestrator.planner.services import describe
from orchestrator.runs.claim.claim import CLAIM, claim_of
from orchestrator.runs.commits.observe import observe, read_clips, read_done, read_quarantine
from orchestrator.runs.commits.outputs import missing_outputs
from orchestrator.runs.plan import Plan, explain_difference
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.manifest import ClipRow, Manifest
from services.base.run.spec import NO_SHARD, RunSpec, ShardCommit, run_digest, run_spec_from_json
from services.base.store.interface import NotThere, Store

_NUM_COPIERS = 16
_NUMBER = re.compile(r"(.*)\.([0-9]+)")


@dataclass(frozen=True)
class AcceptedChanges:
    """A plan of the folder as it is now.

    taken_in: keys of clips that were left out. new: of others that were not there.
    """

    plan: Plan
    taken_in: tuple[str, ...]
    new: tuple[str, ...]


def plan_accepted_changes(
    pipeline: Pipeline, spec: RunSpec, state: Store, allowed: Allowed | None = None
) -> AcceptedChanges | None:
    """The folder planned anew, with the flags that the run was planned with; None where nothing of what it left out is
    a clip now.

    allowed: what the flags may name; None: anything. Raises BadConfig where it cannot be planned, or where files would
    be made otherwise than the run's.
    """
    lines = [line for line in read_quarantine(state, spec, ()) if line["reproduce"]]
    left_out = {str(line[name]) for line in lines for name in ("media", "key")}
    if not left_out:
        return None
    plan = plan_of(_request(spec, state, str(lines[0]["reproduce"]), allowed), allowed)
    known = {row.key for row in read_clips(state, spec)}
    came = [row for row in plan.rows if row.key not in known]
    taken_in = tuple(row.key for row in came if left_out.intersection((row.key, *_files(row))))
    if not taken_in:
        return None
    _check_same_ways(pipeline, spec, plan)
    fixed = set(taken_in)
    return AcceptedChanges(plan, taken_in, tuple(row.key for row in came if row.key not in fixed))


def take_over(fixed: AcceptedChanges, before: RunSpec, state: Store, outputs: Store) -> int:
    """Pins the plan and passes the output to it; how many shards were taken over. Call it under the output's lease.

    Safe to be killed and called again: until the claim is written, the output is of the run before.
    """
    spec = fixed.plan.spec
    kept = list(_kept(fixed.plan, before, state, outputs))
    state.put(paths.clips_file(spec.run), fixed.plan.clips)
    state.put(paths.problems_file(spec.run), "".join(p.to_json() + "\n" for p in fixed.plan.problems).encode())
    _copy_sidecars(before, spec, state, {key for shard in kept for key in shard.inputs})
    with ThreadPoolExecutor(_NUM_COPIERS) as pool:
        for _ in pool.map(lambda done: _copy_shard(before, spec, state, done), kept):
            pass
    if not state.create(paths.run_file(spec.run), spec.to_json()):
        there = run_spec_from_json(state.read(paths.run_file(spec.run)))
        if there.digest != spec.digest:
            raise BadConfig("OTHER_RUN", f"{state.uri} holds another run {spec.run}: delete its folder, and retry")
    state.delete(paths.finished_file(spec.run))
    claim = claim_of(outputs)
    assert claim is not None
    outputs.put(CLAIM, json.dumps(asdict(replace(claim, run=spec.run, digest=spec.digest))).encode())
    outputs.delete_prefix(paths.staged(before.run, ""))
    return len(kept)


def _request(spec: RunSpec, state: Store, command: str, allowed: Allowed | None) -> RunRequest:
    """The run's own request once more. command: that planned it."""
    run_name = "" if spec.run == spec.digest[:16] else _next_name(spec.run)
    options = planned_options(spec, command, allowed)
    if not options.num_shards:
        # As many as there are, whatever the reader would choose for the clips that there are now.
        options = dataclasses.replace(cast("Any", options), num_shards=spec.num_shards)
    devices = [str(stage.config["device"]) for stage in spec.stages if "device" in stage.config]
    return RunRequest(
        spec.pipeline,
        options,
        RunRoots(
            spec.input_root,
            spec.output_root,
            state.uri,
            run_name,
            spec.follow_links,
            further_roots=spec.further_roots,
        ),
        device=devices[0] if devices else "auto",
    )


def _next_name(run: str) -> str:
    found = _NUMBER.fullmatch(run)
    return f"{found[1]}.{int(found[2]) + 1}" if found else f"{run}.2"


def _files(row: ClipRow) -> Iterator[str]:
    yield row.media
    for extra in row.extras:
        yield extra.path


def _check_same_ways(pipeline: Pipeline, spec: RunSpec, plan: Plan) -> None:
    """Raises BadConfig where stages, settings, models or libraries are not those of the run."""
    stages = plan.spec.stages
    identities = describe([(stage.name, stage.config) for stage in stages])
    keys = {i["name"]: {"version": i["version"], "config": i["run_config"]} for i in identities}
    pinned = (spec.clips_sha256, spec.num_shards, plan.spec.libraries, spec.details, spec.appends)
    digest = run_digest(pipeline.name, stages, keys, *pinned)
    if plan.spec.num_shards != spec.num_shards or digest != spec.map_pass.digest:
        alike = dataclasses.replace(plan.spec, clips_sha256=spec.clips_sha256)
        raise BadConfig(
            "MADE_OTHERWISE",
            f"files that run {spec.run} left out are fixed, and would be made otherwise than its others: "
            f"{explain_difference(spec, alike)}. Go on with the visemill and models that it was made with, or begin a "
            "new run in a new output root (the same --state-root keeps the artifacts)",
        )


def _kept(plan: Plan, before: RunSpec, state: Store, outputs: Store) -> Iterator[ShardCommit]:
    """Commits of the shards that hold the same clips as before, none of them set aside, with their files published."""
    observed = observe(state, before.run)
    again = {int(str(line["shard"])) for line in read_quarantine(state, before, observed.set_aside)} - {NO_SHARD}
    then, now = read_clips(state, before), Manifest(plan.clips)
    same = (s for s in sorted(observed.done - again) if _alike(then.rows(s), now.rows(s)))
    kept = read_done(state, before, same)
    lost = set(missing_outputs(before, state, outputs, kept, or_staged=False))
    yield from (done for done in kept if done.shard not in lost)


def _alike(then: Iterable[ClipRow], now: Iterable[ClipRow]) -> bool:
    """Whether two shards have the same clips; a clip's number in the whole data set decides nothing of its files."""
    return [row._replace(idx=0) for row in then] == [row._replace(idx=0) for row in now]


def _copy_shard(before: RunSpec, spec: RunSpec, state: Store, done: ShardCommit) -> None:
    old = paths.shard_dir(before.run, done.shard, before.num_shards)
    new = paths.shard_dir(spec.run, done.shard, spec.num_shards)
    for entry in state.list(f"{old}/"):
        name = entry.name.removeprefix(f"{old}/")
        if name != paths.DONE:
            state.put(f"{new}/{name}", state.read(entry.name))
    state.put(f"{new}/{paths.DONE}", replace(done, run_digest=spec.digest).to_json())


def _copy_sidecars(before: RunSpec, spec: RunSpec, state: Store, keys: set[str]) -> None:
    old, new = (f"{paths.run_dir(run)}/sidecars/" for run in (before.run, spec.run))

    def copy(name: str) -> None:
        # One that has gone since is a picture less in the report.
        try:
            state.put(new + name, state.read(old + name))
        except NotThere:
            return

    names = (entry.name.removeprefix(old) for entry in state.list(old))
    with ThreadPoolExecutor(_NUM_COPIERS) as pool:
        for _ in pool.map(copy, [name for name in names if name.rpartition("/")[0] in keys]):
            pass
