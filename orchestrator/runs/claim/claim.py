"""I/O: an output root is claimed by one run, and a run is pinned by one plan. Whoever comes with another is refused."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import NoReturn

from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.runs.claim.named_sets import check_name, claim_name, refuse_names
from orchestrator.runs.lineage import check_addable, clips_of
from orchestrator.runs.plan import Plan, explain_difference, explain_other_making
from services.base.errors import BadConfig, Transient
from services.base.run import paths
from services.base.run.spec import RunSpec, run_spec_from_json
from services.base.store.interface import NotThere, Store
from services.base.store.open import join_uri, open_store

CLAIM = paths.CLAIM


@dataclass(frozen=True)
class Claim:
    """Which run an output root is of. state: where that run's truth lies; empty for the folder in the output itself.

    earlier: runs to whose files this one adds its own, the oldest first.
    """

    run: str
    digest: str
    state: str = ""
    earlier: tuple[str, ...] = ()


def claim_of(outputs: Store) -> Claim | None:
    """The claim on an output root, None where no run has begun. Raises BadConfig."""
    try:
        fields = json.loads(outputs.read(CLAIM))
        return Claim(**{**fields, "earlier": tuple(fields.get("earlier", ()))})
    except NotThere:
        return None
    except (ValueError, TypeError) as error:
        raise BadConfig(
            "BAD_CLAIM", f"{CLAIM} in {outputs.uri} cannot be read ({error}): restore it, or choose a new output root"
        ) from error


def earlier_runs(outputs: Store) -> tuple[str, ...]:
    """Runs to whose files the run of an output root has added its own, the oldest first."""
    claim = claim_of(outputs)
    return claim.earlier if claim else ()


def pin(plan: Plan, state: Store, outputs: Store) -> None:
    """Writes the plan where it is not yet. Of gang passes a plan that is there takes what decides nothing of their
    result: number and place of ranks, and settings such as those of how often is saved.

    Raises BadConfig when the output or the run's name is another's.
    """
    spec = plan.spec
    pinned = pinned_spec(state, spec.run)
    if pinned is not None:
        _refuse_other_plan(pinned, plan)
    if plan.dataset:
        claim_name(open_store(plan.datasets_root), plan.dataset)
    inside = state.uri == join_uri(outputs.uri, paths.STATE_DIR)
    _claim_output(Claim(spec.run, spec.digest, "" if inside else state.uri), plan, state, outputs)
    if pinned is None:
        # The list first: whoever finds run.json finds all of the plan.
        state.put(paths.clips_file(spec.run), plan.clips)
        state.put(paths.problems_file(spec.run), "".join(p.to_json() + "\n" for p in plan.problems).encode())
        if not state.create(paths.run_file(spec.run), spec.to_json()):
            _refuse_other_plan(run_spec_from_json(state.read(paths.run_file(spec.run))), plan)
    elif pinned.gangs != spec.gangs:
        state.put(paths.run_file(spec.run), replace(pinned, gangs=spec.gangs, options=spec.options).to_json())


def check_pin(plan: Plan, state: Store, outputs: Store) -> None:
    """Raises BadConfig where pin would, as things are now; nothing is written."""
    spec = plan.spec
    pinned, held = pinned_spec(state, spec.run), claim_of(outputs)
    if pinned is not None:
        _refuse_other_plan(pinned, plan)
    if plan.dataset:
        check_name(open_store(plan.datasets_root), plan.dataset)
    if held is None:
        _check_free(plan, outputs)
    elif plan.adopts and held.digest != spec.digest:
        _check_adoptable(held, plan, state, outputs)
    elif not spec.appends and held.digest != spec.digest:
        _refuse_other_claim(held, plan, pinned_spec(state, held.run))


def is_pinned(plan: Plan, state: Store, outputs: Store) -> bool:
    """Whether the output is this very run's, and the plan in place. Raises BadConfig when either cannot be read."""
    claim, pinned = claim_of(outputs), pinned_spec(state, plan.spec.run)
    mine = (plan.spec.run, plan.spec.digest)
    return claim is not None and pinned is not None and mine == (claim.run, claim.digest) == (pinned.run, pinned.digest)


def pinned_spec(state: Store, run: str) -> RunSpec | None:
    """The order of a run, None where there is no such run. Raises BadConfig when it cannot be read."""
    try:
        return run_spec_from_json(state.read(paths.run_file(run)))
    except NotThere:
        return None


def writes_to(spec: RunSpec, outputs: Store) -> bool:
    """Whether the run's workers write to that output, and not to where it was before somebody moved it."""
    return open_store(spec.output_root).uri == outputs.uri


def _refuse_other_plan(pinned: RunSpec, plan: Plan) -> None:
    if pinned.digest != plan.spec.digest:
        _refuse_other_data(pinned, plan)
        raise _other_run(plan, f"run {pinned.run}", explain_difference(pinned, plan.spec))
    if not writes_to(pinned, open_store(plan.spec.output_root)):
        raise BadConfig(
            "OTHER_OUTPUT",
            f"run {pinned.run}, which is the same plan, writes to {pinned.output_root}: "
            "resume it there, or give this one a name of its own with --run",
        )


def _claim_output(claim: Claim, plan: Plan, state: Store, outputs: Store) -> None:
    held = claim_of(outputs)
    if held is None:
        _check_free(plan, outputs)
        _create_claim(claim, outputs)
        held = claim_of(outputs)
    if held is None or replace(held, earlier=()) == claim:
        return
    if held.state != claim.state:
        where = held.state or join_uri(outputs.uri, paths.STATE_DIR)
        raise _other_run(plan, f"run {held.run}", f"its state, which lies in {where}: give --state-root {where}")
    pinned = pinned_spec(state, held.run)
    if pinned and plan.spec.appends:
        _add_to(held, claim, plan, state, outputs)
        return
    if pinned and plan.adopts:
        _check_adoptable(held, plan, state, outputs)
        outputs.put(CLAIM, json.dumps(asdict(claim)).encode())
        return
    _refuse_other_claim(held, plan, pinned)


def _check_adoptable(held: Claim, plan: Plan, state: Store, outputs: Store) -> None:
    """Raises BadConfig where the run that the output holds is not finished, or has made its files in another way."""
    pinned, adoption = pinned_spec(state, held.run), pipeline_of(plan.spec.pipeline).adoption
    if pinned is None or adoption is None or pinned.pipeline != plan.spec.pipeline:
        _refuse_other_claim(held, plan, pinned)
    if not finished_as(state, held.run):
        raise _not_finished(held, outputs)
    if difference := explain_other_making(pinned, plan.spec, adoption):
        raise BadConfig(
            "OTHER_RUN",
            f"{plan.spec.output_root} holds run {held.run}, whose files {adoption.flag} cannot take over, because they "
            f"were made in another way: {difference}. Choose another output root, or restore what changed",
        )


def _not_finished(held: Claim, outputs: Store) -> BadConfig:
    return BadConfig(
        "NOT_FINISHED",
        f"{outputs.uri} holds run {held.run}, which is not finished: `visemill resume --output-root {outputs.uri}` "
        "first, then give this command again",
    )


def _refuse_other_claim(held: Claim, plan: Plan, pinned: RunSpec | None) -> NoReturn:
    if pinned:
        _refuse_other_data(pinned, plan)
    difference = explain_difference(pinned, plan.spec) if pinned else "its plan, which is gone from the state root"
    if held.digest == plan.spec.digest:
        difference = f"--run {held.run} against {plan.spec.run}"
    raise _other_run(plan, f"run {held.run}", difference)


def _refuse_other_data(pinned: RunSpec, plan: Plan) -> None:
    """Of runs of gang passes alone, whose list of clips is that of the files which the ranks read."""
    spec = plan.spec
    is_training = not pinned.stages and not spec.stages and pinned.pipeline == spec.pipeline
    if is_training and pinned.clips_sha256 != spec.clips_sha256:
        raise BadConfig(
            "DATA_CHANGED",
            f"{spec.output_root} holds run {pinned.run}, which began with other data: names, sizes or times of the "
            f"{pinned.num_clips} files in {pinned.input_root} are not those of the {spec.num_clips} in "
            f"{spec.input_root}. Give it what it began with, or choose another {_output_flag(plan)}",
        )


def _output_flag(plan: Plan) -> str:
    own = pipeline_of(plan.spec.pipeline).output_flag
    return own.flag if own is not None else "--output-root"


def _check_free(plan: Plan, outputs: Store) -> None:
    refuse_names(outputs)
    if not plan.adopts:
        _refuse_foreign_files(outputs, plan)


def _create_claim(claim: Claim, outputs: Store) -> None:
    is_new = outputs.create(CLAIM, json.dumps(asdict(claim)).encode())
    try:
        # Those that were named meanwhile: each side looks for the other after it has written.
        refuse_names(outputs)
    except BadConfig:
        if is_new:
            outputs.delete(CLAIM)
        raise


def finished_as(state: Store, run: str) -> bytes:
    """What a finished run wrote last; empty while it is not finished."""
    try:
        return state.read(paths.finished_file(run))
    except NotThere:
        return b""


def _add_to(held: Claim, claim: Claim, plan: Plan, state: Store, outputs: Store) -> None:
    """The output becomes the new run's, which adds to what is there. Raises BadConfig or Transient."""
    now = finished_as(state, held.run)
    if not now:
        raise _not_finished(held, outputs)
    if now != plan.found:
        raise Transient(
            "OUTPUT_CHANGED",
            f"another run has finished in {outputs.uri} since this one was planned: give the command again",
        )
    runs = [clips_of(state, run) for run in (*held.earlier, held.run)]
    own_check = pipeline_of(plan.spec.pipeline).check_added
    if own_check is not None:
        own_check([spec for spec, _ in runs], plan.spec)
    else:
        check_addable(runs, plan.spec, plan.names())
    # One that was finished before publishes again, over what has come since.
    state.delete(paths.finished_file(claim.run))
    earlier = tuple(run for run in (*held.earlier, held.run) if run != claim.run)
    outputs.put(CLAIM, json.dumps(asdict(replace(claim, earlier=earlier))).encode())


def _refuse_foreign_files(outputs: Store, plan: Plan) -> None:
    """Shards of an earlier run would be read as part of this one; where the plan adds, only its own names matter."""
    foreign: Iterator[str] = (
        entry.name for entry in outputs.list() if not entry.name.startswith(f"{paths.STATE_DIR}/")
    )
    writes = pipeline_of(plan.spec.pipeline).writes
    if writes is not None:
        foreign = filter(writes, foreign)
    if plan.spec.appends:
        taken = set(plan.names())
        foreign = (name for name in foreign if name.rpartition(".")[0] in taken)
    first = next(foreign, None)
    adoption = pipeline_of(plan.spec.pipeline).adoption
    if first is not None and adoption is not None:
        own = next((name for name in itertools.chain([first], foreign) if adoption.is_own(name)), None)
        if own is not None:
            raise BadConfig(
                "FOREIGN_OUTPUT",
                f"{outputs.uri} holds files that no run here has written, such as {own}: give {adoption.flag} to take "
                "over those that are right and make the others again, or choose another output root",
            )
    if first is not None:
        hint = f", or give {plan.append_flag} to add to what is there" if _may_append(plan) else ""
        raise BadConfig(
            "OUTPUT_NOT_EMPTY",
            f"{outputs.uri} holds files of no run that is known, the first {first}: "
            f"choose an empty {_output_flag(plan)}, or move them away{hint}",
        )


def _may_append(plan: Plan) -> bool:
    return bool(plan.append_flag) and not plan.spec.appends


def _other_run(plan: Plan, held: str, difference: str) -> BadConfig:
    hint = f"; {plan.append_flag} adds these clips to it" if _may_append(plan) else ""
    change = pipeline_of(plan.spec.pipeline).change
    if change is not None:
        return BadConfig(
            change.reason, f"{plan.spec.output_root} holds {held}, which differs in: {difference}. {change.remedy}"
        )
    return BadConfig(
        "OTHER_RUN",
        f"{plan.spec.output_root} holds {held}, which differs in: {difference}. "
        f"Choose a new {_output_flag(plan)}, or restore what changed; `visemill resume` continues the run that is there"
        f"{hint}",
    )
