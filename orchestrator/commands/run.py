"""`visemill run`, `resume` and `retry`: carry a run to its end and say how it went."""

from __future__ import annotations

import argparse
import math
import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.carrying import RunOptions, Summary, forget, log_dir
from orchestrator.commands import Answer, kube
from orchestrator.commands.roots import allowed_of, find_run, open_named, state_root
from orchestrator.decide import Policy
from orchestrator.joining import pin_or_join
from orchestrator.lease import Lease
from orchestrator.mended import Mended, plan_mended, take_over
from orchestrator.observe import num_found, observe, read_clips, read_mended, read_quarantine
from orchestrator.pin import writes_to
from orchestrator.pipeline import Pipeline
from orchestrator.pipelines import PIPELINES
from orchestrator.plan import Plan
from orchestrator.planning import pipeline_of, plan_of
from orchestrator.progress import duration, num_bytes
from orchestrator.run_loop import RunLoop
from orchestrator.space import check, disks_of
from orchestrator.state_names import check_order
from services.base.errors import EXIT_OK, EXIT_QUARANTINED, BadConfig, VisemillError
from services.base.isolation import clip_limits
from services.base.order import NO_SHARD, RunOrder
from services.base.settings import granted_cores
from services.base.store import Store, open_store


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of how a run is carried out; none decides a byte of the output."""
    parser.add_argument(
        "--max-failures",
        default="100%",
        help="quarantined clips that end the run: a number, or N%% of all (default: %(default)s)",
    )
    parser.add_argument(
        "--max-attempts", type=int, default=4, help="tries of a shard whose worker fails (default: %(default)s)"
    )
    add_limit_flags(parser)
    parser.add_argument(
        "--artifact-cache", action=argparse.BooleanOptionalAction, default=True, help="keep landmarks for other runs"
    )
    parser.add_argument(
        "--remote", action="append", default=[], metavar="STAGE=HOST:PORT", help="run a stage behind gRPC"
    )
    parser.add_argument(
        "--ignore-free-space",
        action="store_true",
        help="begin although the output will not fit on the disk",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    parser.add_argument(
        "--progress",
        choices=("text", "json"),
        default="text",
        help="form of the progress on standard error; json is an object a line (default: %(default)s)",
    )


def add_limit_flags(parser: argparse.ArgumentParser) -> None:
    """Limits on one clip; not given, they are the pipeline's own."""
    limits = [(name, pipeline_of(name)) for name in sorted(PIPELINES)]
    times = ", ".join(f"{name} {pipeline.clip_time_s:g}" for name, pipeline in limits)
    sizes = ", ".join(f"{name} {pipeline.clip_memory_mib}" for name, pipeline in limits)
    parser.add_argument(
        "--clip-time-s", type=float, help=f"limit on one clip, a minute that it lasts (default: {times})"
    )
    parser.add_argument("--clip-memory-mib", type=int, help=f"limit on one clip, models included (default: {sizes})")


def limits_of(flags: argparse.Namespace, pipeline: Pipeline) -> tuple[float, int]:
    """(seconds, MiB) that one clip may take. Raises BadConfig."""
    time_s = pipeline.clip_time_s if flags.clip_time_s is None else flags.clip_time_s
    memory_mib = pipeline.clip_memory_mib if flags.clip_memory_mib is None else flags.clip_memory_mib
    clip_limits(time_s, memory_mib)
    return time_s, memory_mib


def options_of(flags: argparse.Namespace, order: RunOrder) -> RunOptions:
    """The options of a command line. --workers 0 is a worker a core, at most one a shard. Raises BadConfig."""
    cores = granted_cores()
    num_workers = flags.workers or cores
    if num_workers < 0:
        raise BadConfig("BAD_WORKERS", f"--workers must be 0 (a worker a core) or more, not {num_workers}")
    if flags.max_attempts < 1:
        raise BadConfig("BAD_FLAGS", f"--max-attempts must be 1 or more, not {flags.max_attempts}")
    num_workers = max(1, min(num_workers, order.num_shards))
    time_s, memory_mib = limits_of(flags, pipeline_of(order.pipeline))
    check_remotes(flags.remote, order)
    return RunOptions(
        num_workers,
        Policy(flags.max_attempts, failure_limit(flags.max_failures, order.num_clips)),
        time_s,
        memory_mib,
        max(1, cores // num_workers),
        flags.artifact_cache,
        tuple(flags.remote),
        flags.quiet,
        flags.progress == "json",
    )


def check_remotes(remotes: Sequence[str], order: RunOrder) -> None:
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
        from orchestrator.commands import served

        return served.run(flags)
    pipeline = pipeline_of(flags.pipeline)
    if kube.is_kube(flags):
        kube.check(pipeline, flags)
    plan = plan_of(pipeline, flags)
    return run_plan(pipeline, plan, flags)


def run_plan(pipeline: Pipeline, plan: Plan, flags: argparse.Namespace) -> Answer:
    order = plan.order
    options = options_of(flags, order)
    state = open_named("--state-root", state_root(flags))
    outputs = open_named("--output-root", order.output_root)
    pin_or_join(plan, state, outputs, joins=kube.is_kube(flags))
    if not options.quiet:
        # Before hours are spent on it: that no clip goes to test, say.
        sys.stderr.write("".join(f"note: {note}\n" for note in plan.notes))
    return _carry(pipeline, order, state, outputs, options, flags, plan.notes)


def resume(flags: argparse.Namespace) -> Answer:
    """Carries on the run that an output root holds."""
    order, state, outputs = _find_to_write(flags)
    return _carry(pipeline_of(order.pipeline), order, state, outputs, options_of(flags, order), flags)


def retry(flags: argparse.Namespace) -> Answer:
    """Tries again the shards that hold quarantined clips, and takes in files that planning left out and that are mended
    now; everything else stays as it is.
    """
    if flags.server:
        from orchestrator.commands import served

        return served.retry(flags)
    order, state, outputs = _find_to_write(flags)
    options = options_of(flags, order)
    pipeline = pipeline_of(order.pipeline)
    mended = plan_mended(pipeline, order, state, allowed_of(flags))
    with Lease(outputs.uri, order.run):
        if mended is not None:
            notes = _taken_in(mended, take_over(mended, order, state, outputs))
            order, again = mended.plan.order, [NO_SHARD]
            options = options_of(flags, order)
        else:
            notes = ()
            told = observe(state, order.run).told
            again = sorted({int(str(line["shard"])) for line in read_quarantine(state, order, told)} - {NO_SHARD})
            if again:
                forget(order, state, again)
    if not again:
        return Answer(*_nothing_to_retry(order, state))
    if not options.quiet:
        sys.stderr.write("".join(f"note: {note}\n" for note in notes))
    return _carry(pipeline, order, state, outputs, options, flags, notes)


def _taken_in(mended: Mended, num_carried: int) -> tuple[str, ...]:
    order = mended.plan.order
    count, first = len(mended.taken_in), mended.taken_in[0]
    notes = [
        f"{count} clips that were left out are taken in, the first {first}: the output is of run {order.run} now, "
        f"which takes over {num_carried} of {order.num_shards} shards"
    ]
    if mended.new:
        notes.append(
            f"{len(mended.new)} clips are new in {order.input_root} and taken in too, the first {mended.new[0]}"
        )
    return (*notes, *mended.plan.notes)


def _find_to_write(flags: argparse.Namespace) -> tuple[RunOrder, Store, Store]:
    order, state, outputs = find_run(flags)
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


def _nothing_to_retry(order: RunOrder, state: Store) -> tuple[str, dict[str, object], int]:
    """Files that planning left out, and that are no clips yet, are told."""
    left_out = [str(line["media"]) for line in read_quarantine(state, order, ())]
    text = "no clip of this run is in quarantine: nothing to retry"
    if left_out:
        text += (
            f". {len(left_out)} files were left out when it was planned, the first {left_out[0]}: mend them, and retry "
            "takes them in"
        )
    return text, {"shards": [], "left_out": left_out}, EXIT_QUARANTINED if left_out else EXIT_OK


def check_inputs(order: RunOrder, state: Store) -> None:
    """Raises BadConfig INPUT_CHANGED when files of the frozen list are gone or changed.

    Clips in quarantine may change, and what a retry has taken in since counts instead of the list.
    """
    inputs = open_store(order.input_root, must_exist=True, follow_links=order.follow_links)
    there = {entry.name: (entry.size_bytes, entry.version) for entry in inputs.list()}
    may_change = {str(line["key"]) for line in read_quarantine(state, order, observe(state, order.run).told)}
    mended = read_mended(state, order)
    changed = []
    for row in read_clips(state, order):
        files = [(row.media, row.size_bytes, row.version), *(extra[1:] for extra in row.extras)]
        for name, *facts in files:
            if there.get(name) != mended.get(name, tuple(facts)) and row.key not in may_change:
                changed.append(name)
    if changed:
        raise BadConfig(
            "INPUT_CHANGED",
            f"{len(changed)} input files have changed or gone since the run was planned, the first {changed[0]}: "
            "restore them, or begin a new run in a new output root",
        )


def _carry(
    pipeline: Pipeline,
    order: RunOrder,
    state: Store,
    outputs: Store,
    options: RunOptions,
    flags: argparse.Namespace,
    notes: tuple[str, ...] = (),
) -> Answer:
    notes = (*notes, *check_space(pipeline, order, state, outputs, flags))
    logs = kube.logs_command(flags) if kube.is_kube(flags) else log_dir(order, state)
    try:
        if kube.is_kube(flags):
            summary = kube.carry(pipeline, order, state, outputs, options, flags)
        else:
            summary = RunLoop(pipeline, order, state, outputs, options).run()
    except VisemillError as error:
        if kube.is_kube(flags) or Path(logs).is_dir():
            error.logs = logs
        raise
    told = observe(state, order.run).told
    lines = read_quarantine(state, order, told)
    # Else they were told before the work began.
    late_notes = notes if options.quiet else ()
    data = {**_data(summary, lines, notes), "cluster": flags.cluster}
    if not summary.finished:
        data["logs"] = logs
    if kube.is_kube(flags):
        data["resume"] = kube.resume_command(flags, add_run_flags, kube.add_cluster_flags)
    return Answer(text_of(data, late_notes), data, summary.exit_code)


def check_space(
    pipeline: Pipeline, order: RunOrder, state: Store, outputs: Store, flags: argparse.Namespace
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
        sys.stderr.write("".join(f"note: {note}\n" for note in notes))
    return notes


def _data(summary: Summary, lines: Sequence[Mapping[str, object]], notes: tuple[str, ...]) -> dict[str, Any]:
    """lines: of the quarantine, those that planning left out among them."""
    reasons = Counter(str(line["reason"]) for line in lines)
    counts: Counter[str] = Counter()
    output_bytes = num_frames = num_cached = 0
    for done in summary.done:
        counts.update(done.counts)
        output_bytes += sum(int(facts["size_bytes"]) for facts in done.outputs.values())
        num_frames += done.num_frames
        num_cached += done.num_cached
    return {
        "run": summary.order.run,
        "pipeline": summary.order.pipeline,
        "output_root": summary.order.output_root,
        "finished": summary.finished,
        "why": summary.why,
        "nothing_to_do": summary.nothing_to_do,
        "shards": {"done": len(summary.done), "total": summary.order.num_shards},
        "found": num_found(summary.order, lines),
        "records": {split: counts.get(split, 0) for split in ("train", "val", "test")},
        "quarantined": reasons.total(),
        "reasons": dict(sorted(reasons.items())),
        "bytes": output_bytes,
        "frames": num_frames,
        "landmarks_found_made": num_cached,
        "wall_s": round(summary.wall_s, 1),
        "notes": list(notes),
        "exit_code": summary.exit_code,
    }


def text_of(data: Mapping[str, Any], notes: Sequence[str]) -> str:
    """The answer about a run in words. data: as `_data` gives it; notes: those that were not told before."""
    lines = [f"note: {note}" for note in notes]
    if data["nothing_to_do"]:
        # It also says which tables are not as the run wrote them.
        _, semicolon, more = str(data["why"]).partition("; ")
        lines.append(f"run {data['run']} was finished before: nothing to do{semicolon}{more}")
    elif data["finished"]:
        lines.append(f"run {data['run']} finished in {duration(data['wall_s'])}")
    else:
        lines.append(f"run {data['run']} is NOT finished: {data['why']}")
    records, shards, root = data["records"], data["shards"], shlex.quote(data["output_root"])
    pipeline = pipeline_of(data["pipeline"])
    splits = ", ".join(f"{split} {count}" for split, count in records.items())
    made = f"{pipeline.product} ({splits})" if pipeline.has_splits else pipeline.product
    num_records = sum(records.values())
    size = num_bytes(data["bytes"])
    lines.append(f"  {num_records} {made} in {shards['done']} of {shards['total']} shards, {size}")
    if data["landmarks_found_made"] and not data["nothing_to_do"]:
        lines.append(f"  {pipeline.kept} of {data['landmarks_found_made']} clips were found made")
    if data["reasons"]:
        by_reason = ", ".join(f"{count} {reason}" for reason, count in sorted(data["reasons"].items()))
        of_all = f" of {data['found']} found" if "found" in data else ""
        lines.append(f"  {data['quarantined']} clips{of_all} in quarantine: {by_reason}")
        lines.append(f"  see them: visemill status --output-root {root} --quarantine")
    if not data["finished"]:
        lines.append(f"  carry on: {data.get('resume') or f'visemill resume --output-root {root}'}")
    if data["finished"] and num_records == 0:
        lines.append("  no clip gave a record: nothing can be trained on this output")
    lines.append(f"  output: {data['output_root']}")
    if "logs" in data:
        lines.append(f"  logs: {data['logs']}")
    return "\n".join(lines)
