"""A pinned run is executed, here or on a cluster, and its end summed up."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.cli import cluster
from orchestrator.cli.answer import Answer
from orchestrator.cli.runs.run_options import add_run_flags
from orchestrator.cli.runs.summary_text import text_of
from orchestrator.console.escape import one_line
from orchestrator.execution.local_run import RunLoop
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.runs.commits.observe import num_found, observe, read_clips, read_quarantine
from orchestrator.runs.commits.summary import Summary
from orchestrator.runs.gang.progress import gang_facts
from orchestrator.runs.options import RunOptions, log_dir
from orchestrator.runs.publish import notes_of
from orchestrator.runs.space import check, demand_of, disks_of
from services.base.errors import VisemillError
from services.base.run.spec import RunSpec
from services.base.run.totals import Totals
from services.base.store.interface import Store

# Of a clip in quarantine, and of how many of them.
_TOLD, _NUM_TOLD = ("media", "reason", "message"), 3


@dataclass(frozen=True)
class PinnedRun:
    """A run that is pinned, and how it is to be executed. notes: of its planning."""

    spec: RunSpec
    state: Store
    outputs: Store
    options: RunOptions
    notes: tuple[str, ...] = ()


def execute(run: PinnedRun, flags: argparse.Namespace, is_interrupted: Callable[[], bool] | None = None) -> Answer:
    """To its end, or until it can go no further. Raises BadConfig DISK_FULL, OUTPUT_IN_USE.

    is_interrupted: of a run in a thread beside others; None: signals interrupt it.
    """
    spec, state, outputs, options = run.spec, run.state, run.outputs, run.options
    pipeline = pipeline_of(spec.pipeline)
    notes = (*run.notes, *check_space([run], flags))
    logs = cluster.logs_command(flags) if cluster.is_kube(flags) else log_dir(spec, state)
    try:
        if cluster.is_kube(flags):
            summary = cluster.execute(pipeline, spec, state, outputs, options, flags, is_interrupted)
        else:
            summary = RunLoop(pipeline, spec, state, outputs, options, is_interrupted).run()
    except VisemillError as error:
        if cluster.is_kube(flags) or Path(logs).is_dir():
            error.logs = logs
        raise
    set_aside = observe(state, spec.run).set_aside
    lines = read_quarantine(state, spec, set_aside)
    # Else they were told before the work began.
    late_notes = notes if options.quiet else ()
    if summary.finished:
        found = tuple(notes_of(spec, state))
        notes, late_notes = (*notes, *found), (*late_notes, *found)
    data = {**facts_of(summary, lines, notes), "cluster": flags.cluster}
    if spec.gangs:
        data["passes"] = gang_facts(spec, state)
    if not summary.finished:
        data["logs"] = logs
    if cluster.is_kube(flags):
        data["resume"] = cluster.resume_command(flags, add_run_flags, cluster.add_cluster_flags)
    return Answer(text_of(data, late_notes), data, summary.exit_code)


def check_space(runs: Sequence[PinnedRun], flags: argparse.Namespace) -> tuple[str, ...]:
    """What is to be said of the free space for what these runs still have to write. Raises BadConfig DISK_FULL.

    Of an object store nothing is known.
    """
    demands, sure = [], []
    for run in runs:
        spec, outputs, state = run.spec, run.outputs.uri, run.state.uri
        if "://" in outputs and "://" in state:
            continue
        manifest, done = read_clips(run.state, spec), observe(run.state, spec.run).done
        num_clips = sum(manifest.num_clips_of(shard) for shard in range(spec.num_shards) if shard not in done)
        media_bytes = manifest.media_bytes() / max(1, manifest.num_clips)
        settings = {stage.name: stage.config for stage in spec.stages}
        prediction = pipeline_of(spec.pipeline).predict(settings, media_bytes)
        sure.append(prediction.is_sure)
        demands.append(demand_of(outputs, state, prediction, num_clips, keeps_artifacts=flags.artifact_cache))
    notes = check(disks_of(*demands), is_sure=all(sure), ignores=flags.ignore_free_space)
    if not flags.quiet:
        sys.stderr.write("".join(f"note: {one_line(note)}\n" for note in notes))
    return notes


def facts_of(summary: Summary, lines: Sequence[Mapping[str, object]], notes: tuple[str, ...]) -> dict[str, Any]:
    """lines: of the quarantine, those that planning left out among them."""
    reasons = Counter(str(line["reason"]) for line in lines)
    totals = Totals.of(summary.done)
    return {
        "run": summary.spec.run,
        "pipeline": summary.spec.pipeline,
        "output_root": summary.spec.output_root,
        "finished": summary.finished,
        "why": summary.why,
        "nothing_to_do": summary.nothing_to_do,
        "shards": {"done": len(summary.done), "total": summary.spec.num_shards},
        "found": num_found(summary.spec, lines),
        **totals.to_answer(pipeline_of(summary.spec.pipeline).splits),
        "quarantined": reasons.total(),
        "reasons": dict(sorted(reasons.items())),
        "first_quarantined": [{name: str(line.get(name, "")) for name in _TOLD} for line in lines[:_NUM_TOLD]],
        "bytes": totals.output_bytes,
        "wall_s": round(summary.wall_s, 1),
        "notes": list(notes),
        "exit_code": summary.exit_code,
    }
