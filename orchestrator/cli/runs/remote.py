"""What `--server` makes of run, status and cancel, and `visemill runs`: the same answers, of a RunService's runs."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from orchestrator.access.request import Limits, RunRequest
from orchestrator.cli import cluster
from orchestrator.cli.answer import Answer, answer_of_each
from orchestrator.cli.options import add_output_flags
from orchestrator.cli.runs.request import limits_of, names_of, requests_of
from orchestrator.cli.runs.summary_text import text_of
from orchestrator.console.escape import one_line
from orchestrator.console.progress import Progress
from services.base.errors import EXIT_INTERRUPTED, BadConfig, from_kind
from services.base.process.quantities import counted
from services.base.stage.fields import with_files
from services.base.store.roots import absolute

if TYPE_CHECKING:
    from visemill.v1 import runs_pb2

    from orchestrator.service.client import RunClient


def add_server_flag(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    parser.add_argument(
        "--server",
        required=required,
        default="",
        metavar="HOST:PORT",
        help="RunService that holds the run; see `visemill serve`",
    )


def add_cancel_flags(parser: argparse.ArgumentParser) -> None:
    add_output_flags(parser)
    add_server_flag(parser)
    cluster.add_place_flags(parser)


def add_runs_flags(parser: argparse.ArgumentParser) -> None:
    add_server_flag(parser, required=True)


def run(flags: argparse.Namespace) -> Answer:
    """Submits the run and watches it to its end, as if it ran here; several data sets once all of them are planned."""
    requests = [_submitted_of(request, flags) for request in requests_of(flags)]
    with _client(flags) as client:
        progress = Progress(0, 0, quiet=flags.quiet, as_json=flags.progress == "json")
        if len(requests) > 1:
            for request in requests:
                client.submit(request, lambda: progress.say("still planning"), plan_only=True)
        submitted = {}
        for name, request in zip(names_of(requests), requests, strict=True):
            one = submitted[name] = client.submit(request, lambda: progress.say("still planning"))
            progress.say(
                "".join(f"note: {one_line(note)}\n" for note in one.notes) + f"run {one.name} is at {flags.server}"
            )
        calls = {name: partial(_watched_answer, client, one, flags) for name, one in submitted.items()}
        if len(calls) == 1 and not requests[0].roots.dataset:
            return next(iter(calls.values()))()
        return answer_of_each(calls, flags)


def _watched_answer(client: RunClient, submitted: runs_pb2.Run, flags: argparse.Namespace) -> Answer:
    ended = _watched_to_its_end(client, submitted, flags)
    return _answer(ended, late_notes=list(ended.notes) if flags.quiet else [])


def retry(flags: argparse.Namespace) -> Answer:
    """Has the server retry the run of an output root, and watches it to its end."""
    if flags.remote:
        raise BadConfig("BAD_FLAGS", "--remote works without --server only: leave out one of them")
    limits = limits_of(flags)
    with _client(flags) as client:
        again = client.retry(_find(client, flags).id, None if limits == Limits() else limits)
        ended = _watched_to_its_end(client, again, flags)
    return _answer(ended, late_notes=list(ended.notes) if flags.quiet else [])


def status(flags: argparse.Namespace) -> Answer:
    """The run of an output root as its server knows it; with --watch once it has ended."""
    with _client(flags) as client:
        found = _find(client, flags)
        if flags.watch and not found.HasField("ended_at"):
            return _answer(_watched(client, found, flags), late_notes=[])
    return Answer(_lines(found), _facts(found))


def cancel(flags: argparse.Namespace) -> Answer:
    """Has the run of an output root end, and waits until it has; on a cluster its Jobs are deleted."""
    if not flags.server:
        if not cluster.is_kube(flags):
            raise BadConfig("BAD_FLAGS", "give --server HOST:PORT or --cluster kube; a run here ends by Ctrl-C")
        return cluster.cancel(flags)
    with _client(flags) as client:
        asked = client.cancel(_find(client, flags).id)
        *_, last = client.watch(asked.id)
    return Answer(_lines(last.run), _facts(last.run))


def runs(flags: argparse.Namespace) -> Answer:
    """All runs of a server, the newest first."""
    with _client(flags) as client:
        found = list(client.runs())
    return Answer("\n".join(map(_lines, found)) or "no runs", {"runs": [_facts(run) for run in found]})


def _submitted_of(request: RunRequest, flags: argparse.Namespace) -> RunRequest:
    """What a `run` command line requests of a server. Raises BadConfig for what only a run here can have."""
    for name, value in (("--follow-links", flags.follow_links), ("--remote", flags.remote)):
        if value:
            raise BadConfig("BAD_FLAGS", f"{name} works without --server only: leave out one of them")
    return dataclasses.replace(request, options=with_files(request.options, absolute))


def datasets_at(flags: argparse.Namespace) -> list[str]:
    """The named data sets of the output root of which the server has runs."""
    with _client(flags) as client:
        return sorted({run.dataset for run in client.runs(absolute(flags.output_root)) if run.dataset})


def _watched_to_its_end(client: RunClient, run: runs_pb2.Run, flags: argparse.Namespace) -> runs_pb2.Run:
    """As _watched; one who stops watching reads that the run goes on."""
    try:
        return _watched(client, run, flags)
    except KeyboardInterrupt:
        where = f"--server {flags.server} --output-root {run.output_root}"
        sys.stderr.write(
            f"\nrun {run.name} goes on at {flags.server}; see it: visemill status {where} --watch; "
            f"end it: visemill cancel {where}\n"
        )
        raise


def _client(flags: argparse.Namespace) -> RunClient:
    from orchestrator.service.client import RunClient

    return RunClient(flags.server)


def _find(client: RunClient, flags: argparse.Namespace) -> runs_pb2.Run:
    root = absolute(flags.output_root)
    listed = list(client.runs(root))
    found = next((run for run in listed if run.output_root == root), None)
    if found is None and listed:
        names = ", ".join(sorted({run.dataset for run in listed}))
        raise BadConfig(
            "NO_RUN", f"{root} holds the data sets {names} at {flags.server}: say which with --dataset NAME"
        )
    if found is None:
        raise BadConfig("NO_RUN", f"{flags.server} has no run in {root}: `visemill runs` lists those that it has")
    return found


def _watched(client: RunClient, run: runs_pb2.Run, flags: argparse.Namespace) -> runs_pb2.Run:
    """The run as it has ended; what happens until then is printed."""
    quiet, as_json = getattr(flags, "quiet", False), getattr(flags, "progress", "text") == "json"
    progress = Progress(run.clips.total, run.clips.done, quiet=quiet, as_json=as_json)
    with closing(progress):
        for answer in client.watch(run.id):
            run = answer.run
            for message in answer.messages:
                progress.say(message.text)
            progress.shards = (run.shards.done, run.shards.total)
            progress.reached(run.clips.done, run.quarantined)
            progress.tick(_phase(run))
    return run


def _answer(run: runs_pb2.Run, late_notes: list[str]) -> Answer:
    from orchestrator.service.client import answer_of

    if _phase(run) == "cancelled":
        return Answer(_lines(run), _facts(run), EXIT_INTERRUPTED)
    if not run.HasField("summary"):
        kind, reason = run.error.kind or "BUG", run.error.reason or "RUN_FAILED"
        raise from_kind(kind, reason, run.error.message or run.why)
    data = answer_of(run)
    return Answer(text_of(data, late_notes), data, run.exit_code)


def _phase(run: runs_pb2.Run) -> str:
    from orchestrator.service.client import phase_of

    return phase_of(run).value


def _facts(run: runs_pb2.Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "run": run.name,
        "digest": run.digest,
        "pipeline": run.pipeline,
        "input_root": run.input_root,
        **({"further_input_roots": list(run.further_input_roots)} if run.further_input_roots else {}),
        "output_root": run.output_root,
        "phase": _phase(run),
        "why": run.why,
        "shards": {"done": run.shards.done, "total": run.shards.total},
        "clips": {"done": run.clips.done, "total": run.clips.total},
        "quarantined": run.quarantined,
        "exit_code": run.exit_code,
        "owner": run.owner,
        "submitted_at": datetime.fromtimestamp(run.submitted_at.seconds, UTC).isoformat(),
    }


def _lines(run: runs_pb2.Run) -> str:
    shards, clips = counted(run.shards.total, "shard"), counted(run.clips.total, "clip")
    done = f"{run.shards.done} of {shards}, {run.clips.done} of {clips}"
    bad = f", {run.quarantined} quarantined" if run.quarantined else ""
    why = f"\n  {run.why}" if run.why else ""
    return f"run {run.name} ({run.pipeline}): {_phase(run)}\n  {done}{bad}\n  output: {run.output_root}{why}"
