"""`visemill run`, `resume` and `retry`: execute a run and summarize it."""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.access.request import Limits, RunRequest
from orchestrator.access.state_names import check_order
from orchestrator.cli import cluster
from orchestrator.cli.answer import Answer
from orchestrator.cli.options import add_allow_flags, add_output_flags, allowed_of
from orchestrator.cli.runs import remote
from orchestrator.cli.runs.request import ANY_NUMBER, add_workers_flag, limits_of, request_of
from orchestrator.cli.runs.summary_text import text_of
from orchestrator.console.escape import one_line
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.execution.local_run import RunLoop
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.base import Pipeline
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.planner.accepted_changes import AcceptedChanges, plan_accepted_changes, take_over
from orchestrator.planner.planning import plan_of
from orchestrator.roots import find_run, open_named, state_root
from orchestrator.runs.claim.claim import writes_to
from orchestrator.runs.claim.joining import pin_or_join
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.commits.observe import num_found, observe, read_accepted_changes, read_clips, read_quarantine
from orchestrator.runs.commits.reset import forget
from orchestrator.runs.commits.summary import Summary
from orchestrator.runs.options import RunOptions, log_dir
from orchestrator.runs.plan import Plan
from orchestrator.runs.policy import Policy
from orchestrator.runs.space import check, disks_of
from services.base.errors import EXIT_OK, EXIT_QUARANTINED, BadConfig, VisemillError
from services.base.process.cgroup import granted_cores
from services.base.run.spec import NO_SHARD, RunSpec
from services.base.run.totals import Totals
from services.base.store.interface import Store
from services.base.store.open import open_store
from services.base.store.picture_folders import with_picture_folders


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Of `run`."""
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
    add_workers_flag(parser)
    cluster.add_cluster_flags(parser)


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of how a run is executed; none decides a byte of the output."""
    parser.add_argument(
        "--max-failures",
        default=ANY_NUMBER,
        help="quarantined clips that stop the run: a number, or a share of all clips (default: %(default)s)",
    )
    parser.add_argument(
        "--max-attempts", type=int, default=4, help="attempts per shard when its worker fails (default: %(default)s)"
    )
    add_limit_flags(parser)
    parser.add_argument(
        "--artifact-cache",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep artifacts of stages, such as landmarks, for other runs, and reuse those of earlier ones",
    )
    parser.add_argument(
        "--remote",
        action="append",
        default=[],
        metavar="STAGE=HOST:PORT",
        help="call a gRPC server for a stage; may be repeated",
    )
    parser.add_argument(
        "--ignore-free-space",
        action="store_true",
        help="start although the output will not fit on the disk",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    parser.add_argument(
        "--progress",
        choices=("text", "json"),
        default="text",
        help="format of the progress on standard error; json: one object per line (default: %(default)s)",
    )


def add_limit_flags(parser: argparse.ArgumentParser) -> None:
    """Limits on one clip; not given, they are the pipeline's own."""
    limits = [(name, pipeline_of(name)) for name in sorted(PIPELINES)]
    times = ", ".join(f"{name} {pipeline.clip_time_s:g}" for name, pipeline in limits)
    sizes = ", ".join(f"{name} {pipeline.clip_memory_mib}" for name, pipeline in limits)
    parser.add_argument(
        "--clip-time-s", type=float, help=f"time limit for one clip, per minute of its duration (default: {times})"
    )
    parser.add_argument(
        "--clip-memory-mib", type=int, help=f"memory limit for one clip, models included (default: {sizes})"
    )


def options_of(limits: Limits, flags: argparse.Namespace, order: RunSpec) -> RunOptions:
    """How this run is carried out, within these limits; no number of workers: one a core. Raises BadConfig."""
    pipeline, cores = pipeline_of(order.pipeline), granted_cores()
    num_workers = max(1, min(limits.num_workers or cores, order.num_shards))
    check_remotes(flags.remote, order)
    usual = Policy()
    return RunOptions(
        num_workers,
        Policy(
            limits.max_attempts or usual.max_attempts,
            failure_limit(limits.max_failures or ANY_NUMBER, order.num_clips),
        ),
        limits.clip_time_s or pipeline.clip_time_s,
        limits.clip_memory_mib or pipeline.clip_memory_mib,
        max(1, cores // num_workers),
        limits.artifact_cache,
        tuple(flags.remote),
        flags.quiet,
        flags.progress == "json",
    )


def check_remotes(remotes: Sequence[str], order: RunSpec) -> None:
    """Raises BadConfig for a --remote that is no STAGE=HOST:PORT, or of a stage that the run does not have."""
    names = [stage.name for stage in order.stages]
    for pair in remotes:
        stage, _, target = pair.partition("=")
        if stage not in names or not target:
            raise BadConfig(
                "BAD_FLAGS", f"--remote {pair!r} must be STAGE=HOST:PORT, with a stage of this run: {', '.join(names)}"
            )


def failure_limit(text: str, num_clips: int) -> int | None:
    """A number of clips from "12" or "5%"; None, no limit, from "100%". Raises BadConfig."""
    number = text.removesuffix("%")
    try:
        value = float(number)
        if not 0 <= value < math.inf:
            raise ValueError
    except ValueError:
        raise BadConfig(
            "BAD_MAX_FAILURES", f"--max-failures {text!r} must be a number such as 10, or a share such as 5%"
        ) from None
    if text.endswith("%"):
        return None if value >= 100 else int(num_clips * value / 100)
    return int(value)


def run(flags: argparse.Namespace) -> Answer:
    """Plans, pins and runs, here or at a server."""
    if flags.server:
        return remote.run(flags)
    request = request_of(flags)
    if cluster.is_kube(flags):
        cluster.check(request, flags)
    with Heartbeat("planning", quiet=flags.quiet or flags.progress == "json"):
        plan = plan_of(request)
    return run_plan(request, plan, flags)


def run_plan(request: RunRequest, plan: Plan, flags: argparse.Namespace) -> Answer:
    order = plan.order
    options = options_of(request.limits, flags, order)
    state = open_named("--state-root", state_root(order.output_root, request.roots.state_root))
    outputs = open_named("--output-root", order.output_root)
    pin_or_join(plan, state, outputs, joins=cluster.is_kube(flags))
    if not options.quiet:
        # Before hours are spent on it: that no clip goes to test, say.
        sys.stderr.write("".join(f"note: {one_line(note)}\n" for note in plan.notes))
    return _carry(pipeline_of(order.pipeline), order, state, outputs, options, flags, plan.notes)


def resume(flags: argparse.Namespace) -> Answer:
    """Carries on the run that an output root holds."""
    order, state, outputs = _find_to_write(flags)
    pipeline = pipeline_of(order.pipeline)
    options = options_of(limits_of(flags, pipeline), flags, order)
    return _carry(pipeline, order, state, outputs, options, flags)


def retry(flags: argparse.Namespace) -> Answer:
    """Tries again the shards that hold quarantined clips, and takes in files that planning left out and that are fixed
    now; everything else stays as it is.
    """
    if flags.server:
        return remote.retry(flags)
    order, state, outputs = _find_to_write(flags)
    pipeline = pipeline_of(order.pipeline)
    limits = limits_of(flags, pipeline)
    options = options_of(limits, flags, order)
    with Heartbeat("looking for files that were fixed", quiet=flags.quiet or flags.progress == "json"):
        fixed = plan_accepted_changes(pipeline, order, state, allowed_of(flags))
    with Lease(outputs.uri, order.run):
        if fixed is not None:
            notes = _taken_in(fixed, take_over(fixed, order, state, outputs))
            order, again = fixed.plan.order, [NO_SHARD]
            options = options_of(limits, flags, order)
        else:
            notes = ()
            told = observe(state, order.run).told
            again = sorted({int(str(line["shard"])) for line in read_quarantine(state, order, told)} - {NO_SHARD})
            if again:
                forget(order, state, again)
    if not again:
        return Answer(*_nothing_to_retry(order, state))
    if not options.quiet:
        sys.stderr.write("".join(f"note: {one_line(note)}\n" for note in notes))
    return _carry(pipeline, order, state, outputs, options, flags, notes)


def _taken_in(fixed: AcceptedChanges, num_carried: int) -> tuple[str, ...]:
    order = fixed.plan.order
    count, first = len(fixed.taken_in), fixed.taken_in[0]
    notes = [
        f"{count} clips that were left out are taken in, the first {first}: the output is of run {order.run} now, "
        f"which takes over {num_carried} of {order.num_shards} shards"
    ]
    if fixed.new:
        notes.append(f"{len(fixed.new)} clips are new in {order.input_root} and taken in too, the first {fixed.new[0]}")
    return (*notes, *fixed.plan.notes)


def _find_to_write(flags: argparse.Namespace) -> tuple[RunSpec, Store, Store]:
    order, state, outputs = find_run(flags.output_root, flags.state_root, flags.run)
    allowed = allowed_of(flags)
    if allowed is not None:
        check_order(order, allowed)
    if not writes_to(order, outputs):
        raise BadConfig(
            "OUTPUT_MOVED",
            f"run {order.run} writes to {order.output_root} and lies in {outputs.uri}: move it back",
        )
    check_inputs(order, state)
    return order, state, outputs


def _nothing_to_retry(order: RunSpec, state: Store) -> tuple[str, dict[str, object], int]:
    """Files that planning left out, and that are no clips yet, are told."""
    left_out = [str(line["media"]) for line in read_quarantine(state, order, ())]
    text = "no clip of this run is in quarantine: nothing to retry"
    if left_out:
        text += (
            f". {len(left_out)} files were left out when it was planned, the first {left_out[0]}: fix them, and retry "
            "takes them in"
        )
    return text, {"shards": [], "left_out": left_out}, EXIT_QUARANTINED if left_out else EXIT_OK


def check_inputs(order: RunSpec, state: Store) -> None:
    """Raises BadConfig INPUT_CHANGED when files of the frozen list are gone or changed.

    Clips in quarantine may change, and what a retry has taken in since counts instead of the list.
    """
    inputs = open_store(order.input_root, must_exist=True, follow_links=order.follow_links)
    there = {entry.name: (entry.size_bytes, entry.version) for entry in with_picture_folders(inputs.list())}
    may_change = {str(line["key"]) for line in read_quarantine(state, order, observe(state, order.run).told)}
    fixed = read_accepted_changes(state, order)
    changed = []
    for row in read_clips(state, order):
        files = [(row.media, row.size_bytes, row.version), *(extra[1:] for extra in row.extras)]
        for name, *facts in files:
            if there.get(name) != fixed.get(name, tuple(facts)) and row.key not in may_change:
                changed.append(name)
    if changed:
        raise BadConfig(
            "INPUT_CHANGED",
            f"{len(changed)} input files have changed or gone since the run was planned, the first {changed[0]}: "
            "restore them, or begin a new run in a new output root",
        )


def _carry(
    pipeline: Pipeline,
    order: RunSpec,
    state: Store,
    outputs: Store,
    options: RunOptions,
    flags: argparse.Namespace,
    notes: tuple[str, ...] = (),
) -> Answer:
    notes = (*notes, *check_space(pipeline, order, state, outputs, flags))
    logs = cluster.logs_command(flags) if cluster.is_kube(flags) else log_dir(order, state)
    try:
        if cluster.is_kube(flags):
            summary = cluster.carry(pipeline, order, state, outputs, options, flags)
        else:
            summary = RunLoop(pipeline, order, state, outputs, options).run()
    except VisemillError as error:
        if cluster.is_kube(flags) or Path(logs).is_dir():
            error.logs = logs
        raise
    told = observe(state, order.run).told
    lines = read_quarantine(state, order, told)
    # Else they were told before the work began.
    late_notes = notes if options.quiet else ()
    data = {**_data(summary, lines, notes), "cluster": flags.cluster}
    if not summary.finished:
        data["logs"] = logs
    if cluster.is_kube(flags):
        data["resume"] = cluster.resume_command(flags, add_run_flags, cluster.add_cluster_flags)
    return Answer(text_of(data, late_notes), data, summary.exit_code)


def check_space(
    pipeline: Pipeline, order: RunSpec, state: Store, outputs: Store, flags: argparse.Namespace
) -> tuple[str, ...]:
    """What is to be said of the free space for what a run still has to write. Raises BadConfig NO_SPACE.

    Of an object store nothing is known.
    """
    if "://" in outputs.uri and "://" in state.uri:
        return ()
    manifest, done = read_clips(state, order), observe(state, order.run).done
    num_clips = sum(manifest.num_clips_of(shard) for shard in range(order.num_shards) if shard not in done)
    media_bytes = sum(row.size_bytes for row in manifest) / max(1, manifest.num_clips)
    prediction = pipeline.predict({stage.name: stage.config for stage in order.stages}, media_bytes)
    disks = disks_of(outputs.uri, state.uri, prediction, num_clips, keeps_artifacts=flags.artifact_cache)
    notes = check(disks, prediction, ignores=flags.ignore_free_space)
    if not flags.quiet:
        sys.stderr.write("".join(f"note: {one_line(note)}\n" for note in notes))
    return notes


def _data(summary: Summary, lines: Sequence[Mapping[str, object]], notes: tuple[str, ...]) -> dict[str, Any]:
    """lines: of the quarantine, those that planning left out among them."""
    reasons = Counter(str(line["reason"]) for line in lines)
    totals = Totals.of(summary.done)
    return {
        "run": summary.order.run,
        "pipeline": summary.order.pipeline,
        "output_root": summary.order.output_root,
        "finished": summary.finished,
        "why": summary.why,
        "nothing_to_do": summary.nothing_to_do,
        "shards": {"done": len(summary.done), "total": summary.order.num_shards},
        "found": num_found(summary.order, lines),
        **totals.to_answer(pipeline_of(summary.order.pipeline).splits),
        "quarantined": reasons.total(),
        "reasons": dict(sorted(reasons.items())),
        "bytes": totals.output_bytes,
        "wall_s": round(summary.wall_s, 1),
        "notes": list(notes),
        "exit_code": summary.exit_code,
    }
