"""`visemill run`, `resume` and `retry`: what is to be executed, and what is refused before that."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from orchestrator.access.request import RunRequest
from orchestrator.access.state_names import check_spec
from orchestrator.cli import cluster
from orchestrator.cli.answer import Answer, answer_of_each, answer_of_error, combined
from orchestrator.cli.options import add_allow_flags, add_output_flags, allowed_of
from orchestrator.cli.parsing.number_flags import add_number_flags
from orchestrator.cli.runs import remote
from orchestrator.cli.runs.changed_inputs import check_inputs
from orchestrator.cli.runs.execute import PinnedRun, check_space, execute
from orchestrator.cli.runs.named_sets import add_inputs_flag, flags_of
from orchestrator.cli.runs.request import clip_limits_of, elsewhere_notes, limits_of, names_of, requests_of
from orchestrator.cli.runs.run_options import add_run_flags, options_of
from orchestrator.console.escape import one_line
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.execution.side_by_side import num_at_once, side_by_side
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.planner.accepted_changes import AcceptedChanges, plan_accepted_changes, take_over
from orchestrator.planner.planning import plan_of
from orchestrator.planner.services import describe_once
from orchestrator.roots import find_run, open_named, state_root
from orchestrator.runs.claim.claim import writes_to
from orchestrator.runs.claim.joining import pin_or_join
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.claim.restart import restart
from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.commits.observe import observe, read_quarantine
from orchestrator.runs.commits.reset import forget
from orchestrator.runs.gang.results import forget_gangs
from orchestrator.runs.plan import Plan
from orchestrator.runs.publish import check_edits_kept
from services.base.errors import EXIT_BAD_SHARD, EXIT_OK, EXIT_QUARANTINED, BadConfig, BadInput, VisemillError
from services.base.process.cgroup import granted_cores
from services.base.process.memory import available_memory_bytes
from services.base.process.quantities import counted
from services.base.run.spec import NO_SHARD, RunSpec
from services.base.store.interface import Store

# Why a data set cannot be planned, where that is its own fault: there is nothing to process, or it is not there.
_OF_ONE_VIDEO = frozenset({"NO_CLIPS", "ROOT_MISSING"})


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Of `run`."""
    add_inputs_flag(parser)
    add_run_flags(parser)
    remote.add_server_flag(parser)
    cluster.add_cluster_flags(parser)


def add_resume_flags(parser: argparse.ArgumentParser) -> None:
    _add_flags_of_pinned(parser)
    cluster.add_attach_flag(parser)


def add_retry_flags(parser: argparse.ArgumentParser) -> None:
    _add_flags_of_pinned(parser)
    remote.add_server_flag(parser)


def _add_flags_of_pinned(parser: argparse.ArgumentParser) -> None:
    add_output_flags(parser)
    add_run_flags(parser)
    add_allow_flags(parser)
    add_number_flags(parser)
    cluster.add_cluster_flags(parser)


def run(flags: argparse.Namespace) -> Answer:
    """Plans, pins and runs, here or at a server; of several data sets all are planned and pinned before any runs."""
    if flags.server:
        return remote.run(flags)
    requests = requests_of(flags)
    for note in () if flags.quiet else elsewhere_notes(requests):
        sys.stderr.write(f"note: {one_line(note)}\n")
    if cluster.is_kube(flags):
        for request in requests:
            cluster.check(request, flags)
    kube = cluster.is_kube(flags)
    with Heartbeat("planning", quiet=flags.quiet or flags.progress == "json") as beat:
        plan = partial(plan_of, cluster_only=kube, remotes=flags.remote, now=beat.now, asks=describe_once())
        plans = [_planned(plan, one, is_one_of_several=_is_one_of_several(requests)) for one in requests]
    return run_plans(requests, plans, flags)


def _is_one_of_several(requests: Sequence[RunRequest]) -> bool:
    """Whether one that cannot be planned keeps none of the others from theirs: those that one list names."""
    return len(requests) > 1 and pipeline_of(requests[0].pipeline).sets is not None


def _planned(
    plan: Callable[[RunRequest], Plan], request: RunRequest, *, is_one_of_several: bool
) -> Plan | VisemillError:
    try:
        return plan(request)
    except BadConfig as error:
        if not is_one_of_several:
            raise
        # What is wrong with one video costs that alone.
        return BadInput(error.reason, error.message, error.detail) if error.reason in _OF_ONE_VIDEO else error


def run_plans(
    requests: Sequence[RunRequest], plans: Sequence[Plan | VisemillError], flags: argparse.Namespace
) -> Answer:
    """Pins all, then runs one after another, those that one list names side by side; a run that fails keeps none of the
    others from theirs. plans: of those, an error for one that cannot be planned. Raises it of a single one.
    """
    of_each = [flags_of(request, flags) for request in requests]
    names = names_of(requests)
    pinned = [
        plan if isinstance(plan, VisemillError) else _pinned(name, request, plan, own, len(requests))
        for name, request, plan, own in zip(names, requests, plans, of_each, strict=True)
    ]
    ready = [one for one in pinned if isinstance(one, PinnedRun)]
    if len(requests) == 1 and isinstance(pinned[0], VisemillError):
        raise pinned[0]
    if len(requests) == 1 and not requests[0].roots.dataset:
        return execute(ready[0], flags)
    # All of them together: each by itself may fit.
    check_space(ready, flags)
    if _is_one_of_several(requests):
        return _run_side_by_side(dict(zip(names, zip(pinned, of_each, strict=True), strict=True)), flags)
    calls = [partial(_executed, one, own) for one, own in zip(pinned, of_each, strict=True)]
    return answer_of_each(dict(zip(names, calls, strict=True)), flags)


def _run_side_by_side(
    runs: Mapping[str, tuple[PinnedRun | VisemillError, argparse.Namespace]], flags: argparse.Namespace
) -> Answer:
    """Runs of one clip each by the name of their data set: as many at once as there are workers, or pods."""
    kube = cluster.is_kube(flags)
    pipeline = pipeline_of(flags.pipeline)
    num_asked = cluster.parallelism_of(flags) if kube else limits_of(flags, pipeline).num_workers
    memory_mib = clip_limits_of(flags, pipeline)[1]
    cores = granted_cores()
    num = num_at_once(len(runs), num_asked, cores, available_memory_bytes(), memory_mib)

    def begins(name: str, place: int) -> None:
        if not flags.quiet and flags.progress == "text":
            sys.stderr.write(f"data set {name} ({place} of {len(runs)})\n")

    calls: dict[str, Callable[[Callable[[], bool]], Answer]] = {}
    for name, (run, own) in runs.items():
        if isinstance(run, PinnedRun) and num > 1:
            how = dataclasses.replace(run.options, label=name, threads_per_worker=max(1, cores // num))
            run = dataclasses.replace(run, options=how)  # noqa: PLW2901 - the same run, as it is carried out here
        calls[name] = partial(_of_one_of_several, run, own)
    answers = side_by_side(calls, num, begins, second_ends=kube)
    return combined(answers, [name for name in runs if name not in answers])


def _pinned(
    name: str, request: RunRequest, plan: Plan, flags: argparse.Namespace, num_requests: int
) -> PinnedRun | VisemillError:
    """The run; of several that one list names, why it cannot be pinned. Raises BadConfig of any other."""
    spec, pipeline = plan.spec, pipeline_of(plan.spec.pipeline)
    how = options_of(request.limits, flags, spec)
    state = open_named("--state-root", state_root(spec.output_root, request.roots.state_root))
    outputs = open_named("--output-root", spec.output_root)
    try:
        if pipeline.restarts and getattr(request.options, pipeline.restarts):
            restart(state, outputs, spec.run)
        pin_or_join(plan, state, outputs, joins=cluster.is_kube(flags))
    except BadConfig as error:
        if num_requests == 1 or pipeline.sets is None:
            raise
        return error
    if not how.quiet:
        # Before hours are spent on it: that no clip goes to test, say.
        whose = f"{name}: " if num_requests > 1 or request.roots.dataset else ""
        sys.stderr.write("".join(f"note: {whose}{one_line(note)}\n" for note in plan.notes))
    return PinnedRun(spec, state, outputs, how, plan.notes)


def _executed(
    run: PinnedRun | VisemillError, flags: argparse.Namespace, is_interrupted: Callable[[], bool] | None = None
) -> Answer:
    if isinstance(run, VisemillError):
        raise run
    return execute(run, flags, is_interrupted)


def _of_one_of_several(
    run: PinnedRun | VisemillError, flags: argparse.Namespace, is_interrupted: Callable[[], bool]
) -> Answer:
    """Of a list of single clips: one that gives nothing is in quarantine, as a clip of any run is."""
    try:
        answer = _executed(run, flags, is_interrupted)
    except VisemillError as error:
        return answer_of_error(error)
    if answer.exit_code == EXIT_BAD_SHARD and answer.data.get("finished"):
        return Answer(answer.text, {**answer.data, "exit_code": EXIT_QUARANTINED}, EXIT_QUARANTINED)
    return answer


def resume(flags: argparse.Namespace) -> Answer:
    """Carries on the run that an output root holds."""
    spec, state, outputs = _find_to_write(flags)
    options = options_of(limits_of(flags, pipeline_of(spec.pipeline)), flags, spec)
    return execute(PinnedRun(spec, state, outputs, options), flags)


def retry(flags: argparse.Namespace) -> Answer:
    """Tries again the shards that hold quarantined clips, and takes in files that planning left out and that are fixed
    now; everything else stays as it is.
    """
    if flags.server:
        return remote.retry(flags)
    spec, state, outputs = _find_to_write(flags)
    pipeline = pipeline_of(spec.pipeline)
    limits = limits_of(flags, pipeline)
    options = options_of(limits, flags, spec)
    with Heartbeat("looking for files that were fixed", quiet=flags.quiet or flags.progress == "json"):
        fixed = plan_accepted_changes(pipeline, spec, state, allowed_of(flags))
    with Lease(outputs.uri, spec.run):
        if fixed is not None:
            check_edits_kept(pipeline, Commits(spec, state), outputs)
            notes = _taken_in(fixed, take_over(fixed, spec, state, outputs))
            spec, again = fixed.plan.spec, [NO_SHARD]
            options = options_of(limits, flags, spec)
        else:
            notes = ()
            set_aside = observe(state, spec.run).set_aside
            again = sorted({int(str(line["shard"])) for line in read_quarantine(state, spec, set_aside)} - {NO_SHARD})
            if again:
                check_edits_kept(pipeline, Commits(spec, state), outputs)
                forget(spec, state, again)
                forget_gangs(spec, state)
    if not again:
        return Answer(*_nothing_to_retry(spec, state))
    if not options.quiet:
        sys.stderr.write("".join(f"note: {one_line(note)}\n" for note in notes))
    return execute(PinnedRun(spec, state, outputs, options, notes), flags)


def _taken_in(fixed: AcceptedChanges, num_carried: int) -> tuple[str, ...]:
    spec = fixed.plan.spec
    clips, first = counted(len(fixed.taken_in), "clip"), fixed.taken_in[0]
    notes = [
        f"{clips} left out before and taken in now, the first {first}: the output is of run {spec.run} now, "
        f"which takes over {num_carried} of {spec.num_shards} shards"
    ]
    if fixed.new:
        notes.append(
            f"{counted(len(fixed.new), 'clip')} new in {spec.input_root} and added too, the first {fixed.new[0]}"
        )
    return (*notes, *fixed.plan.notes)


def _find_to_write(flags: argparse.Namespace) -> tuple[RunSpec, Store, Store]:
    spec, state, outputs = find_run(flags.output_root, flags.state_root, flags.run)
    allowed = allowed_of(flags)
    if allowed is not None:
        check_spec(spec, allowed)
    if not writes_to(spec, outputs):
        raise BadConfig(
            "OUTPUT_MOVED",
            f"run {spec.run} writes to {spec.output_root} and lies in {outputs.uri}: move it back",
        )
    check_inputs(spec, state)
    return spec, state, outputs


def _nothing_to_retry(spec: RunSpec, state: Store) -> tuple[str, dict[str, object], int]:
    """Files that planning left out, and that are no clips yet, are reported."""
    left_out = [str(line["media"]) for line in read_quarantine(state, spec, ())]
    text = "no clip of this run is in quarantine: nothing to retry"
    if left_out:
        text += (
            f". {counted(len(left_out), 'file')} left out when it was planned, the first {left_out[0]}: fix them, and "
            "retry takes them in"
        )
    return text, {"shards": [], "left_out": left_out}, EXIT_QUARANTINED if left_out else EXIT_OK
