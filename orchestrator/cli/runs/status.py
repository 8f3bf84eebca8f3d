"""`visemill status`: how far a run is, and what is in quarantine."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from collections import Counter
from collections.abc import Iterable
from typing import Any

from orchestrator.cli import cluster
from orchestrator.cli.answer import Answer
from orchestrator.cli.options import add_output_flags
from orchestrator.cli.parsing.request_file import FLAG, PIPELINE, PRINT_FLAG, request_text
from orchestrator.cli.runs import remote
from orchestrator.console.escape import one_line, one_line_command
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.roots import find_run
from orchestrator.runs.commits.observe import RunState, num_found, observe, read_done, read_quarantine
from orchestrator.runs.gang.progress import gang_facts, gang_lines
from services.base.errors import BadConfig
from services.base.process.quantities import counted, duration
from services.base.run import paths
from services.base.run.spec import ShardCommit
from services.base.run.totals import Totals
from services.base.stage.config import config_from_mapping
from services.base.store.open import join_uri

# Reading a commit takes a request: of more than these a share is read, evenly spread.
_MOST_READ = 1000


def add_flags(parser: argparse.ArgumentParser) -> None:
    add_output_flags(parser)
    parser.add_argument(
        "--quarantine",
        action="store_true",
        help="list every quarantined clip with its reason and a command that reproduces it",
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help=f"read the commit of every shard, also where there are more than {_MOST_READ}",
    )
    parser.add_argument("--watch", action="store_true", help="follow the run until it has ended")
    parser.add_argument(
        PRINT_FLAG,
        action="store_true",
        help=f"print the settings of the run and nothing else, for `run {FLAG}`; with -o json as JSON",
    )
    remote.add_server_flag(parser)
    cluster.add_place_flags(parser)


def status(flags: argparse.Namespace) -> Answer:
    """From the store alone, or as a server says; the run may be going on elsewhere."""
    if flags.print_request:
        return _request(flags)
    if flags.server:
        return remote.status(flags)
    if flags.watch and not cluster.is_kube(flags):
        raise BadConfig("BAD_FLAGS", "--watch follows a run elsewhere: give --server or --cluster kube")
    if flags.watch:
        cluster.watch_status(flags)
    spec, state, outputs = find_run(flags.output_root, flags.state_root, flags.run)
    observed = observe(state, spec.run)
    done = read_done(state, spec, _share(observed.done, whole=flags.whole))
    set_aside = _share(observed.set_aside, whole=flags.whole or flags.quarantine)
    lines = read_quarantine(state, spec, set_aside)
    data = _data(observed, done, lines)
    data["counted"] = {"done": len(done), "quarantine": len(set_aside)}
    data["quarantine"] = lines if flags.quarantine else []
    gangs = gang_facts(spec, state)
    finished = observed.finished and all(one["finished"] for one in gangs)
    if gangs:
        data |= {"finished": finished, "passes": gangs}
    text = [f"run {spec.run} ({spec.pipeline}): {'finished' if finished else 'not finished'}"]
    text += [*_progress_lines(observed, data), *gang_lines(gangs)]
    if lines:
        reasons = ", ".join(f"{count} {reason}" for reason, count in data["reasons"].items())
        text.append(f"  quarantine{_of(len(set_aside), len(observed.set_aside))}: {reasons}")
    for line in data["quarantine"]:
        text.append(f"  {one_line(line['key'])}: {line['reason']}: {one_line(line['message'])}")
        text += [f"      {detail}" for detail in str(line["detail"]).splitlines()[-3:]]
        if line["reproduce"]:
            text.append(f"      {one_line_command(str(line['reproduce']))}")
    if not finished and not cluster.is_kube(flags):
        text.append(f"  continue, unless it is being written: visemill resume --output-root {shlex.quote(outputs.uri)}")
    if cluster.is_kube(flags):
        data["cluster"] = cluster.cluster_facts(flags)
        text += cluster.cluster_lines(data["cluster"])
    return Answer("\n".join(text), data)


def _request(flags: argparse.Namespace) -> Answer:
    """What the run was planned with: its roots, and every option of its pipeline."""
    if flags.server:
        raise BadConfig("BAD_FLAGS", f"{PRINT_FLAG} reads the state of the run: leave out --server")
    spec, state, outputs = find_run(flags.output_root, flags.state_root, flags.run)
    if spec.options is None:
        raise BadConfig(
            "NO_REQUEST",
            f"run {spec.run} was pinned before options were kept: see how it was started",
        )
    options = dataclasses.asdict(config_from_mapping(pipeline_of(spec.pipeline).options, spec.options))
    is_inside = state.uri == join_uri(outputs.uri, paths.STATE_DIR)
    values = {
        PIPELINE: spec.pipeline,
        "input_root": [spec.input_root, *spec.further_roots] if spec.further_roots else spec.input_root,
        "output_root": spec.output_root,
        "state_root": "" if is_inside else state.uri,
        "run": "" if spec.run == spec.digest[:16] else spec.run,
        **options,
        "follow_links": spec.follow_links,
    }
    said = {name.replace("_", "-"): value for name, value in values.items() if value not in (None, "")}
    return Answer(request_text(said), said)


def _data(observed: RunState, done: list[ShardCommit], lines: list[dict[str, object]]) -> dict[str, Any]:
    spec = observed.spec
    totals = Totals.of(done)
    reasons = Counter(str(line["reason"]) for line in lines)
    return {
        "run": spec.run,
        "pipeline": spec.pipeline,
        "finished": observed.finished,
        "shards": {"done": len(observed.done), "total": spec.num_shards},
        "clips": spec.num_clips,
        "found": num_found(spec, lines),
        **totals.to_answer(pipeline_of(spec.pipeline).splits),
        "quarantined": len(lines),
        "reasons": dict(sorted(reasons.items())),
        "worker_s": round(totals.seconds.get("wall", 0.0), 1),
    }


def _progress_lines(observed: RunState, data: dict[str, Any]) -> list[str]:
    spec, num_done, num_counted = observed.spec, len(observed.done), data["counted"]["done"]
    records, clips = counted(sum(data["records"].values()), "record"), counted(data["found"], "clip")
    made = f"{records} of {clips}, {duration(data['worker_s'])} of workers"
    if num_counted == num_done:
        return [f"  {num_done} of {counted(spec.num_shards, 'shard')}, {made}"]
    return [
        f"  {num_done} of {counted(spec.num_shards, 'shard')}",
        f"  {made}{_of(num_counted, num_done)}; --whole counts in all",
    ]


def _of(num_counted: int, num_all: int) -> str:
    return "" if num_counted == num_all else f" (in {num_counted} of {counted(num_all, 'shard')})"


def _share(shards: Iterable[int], *, whole: bool) -> list[int]:
    """These shards, or _MOST_READ of them at most, evenly spread."""
    listed = sorted(shards)
    step = 1 if whole else max(1, -(-len(listed) // _MOST_READ))
    return listed[::step]
