"""I/O: from flags to a plan: lists the input root, asks the stages who they are, and hands both to the pure planner."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.commands.roots import absolute, open_named, state_root
from orchestrator.flag_words import words_given_by
from orchestrator.kube_settings import kube_settings
from orchestrator.pin import claim_of, finished_as
from orchestrator.pipeline import DataSet, Pipeline
from orchestrator.pipelines import PIPELINES, pipeline_module
from orchestrator.plan import Plan, Roots, make_plan
from services.base.errors import EXIT_OK, BadConfig, VisemillError, from_kind
from services.base.order import RunOrder
from services.base.store import Entry, open_store

_DESCRIBE_LIMIT_S = 120.0


def pipeline_of(name: str) -> Pipeline:
    """The pipeline of that name. Raises BadConfig."""
    pipeline: Pipeline = pipeline_module(name).PIPELINE
    return pipeline


def add_pipeline_parsers(parser: argparse.ArgumentParser) -> list[tuple[Pipeline, Any]]:
    """One sub-parser a pipeline, with the pipeline's own flags."""
    pipelines = [importlib.import_module(module).PIPELINE for module in PIPELINES.values()]
    below = parser.add_subparsers(dest="pipeline", required=True, metavar="PIPELINE")
    parsers = []
    for pipeline in pipelines:
        sub = below.add_parser(pipeline.name, help=pipeline.help, description=pipeline.help)
        pipeline.add_flags(sub)
        sub.add_argument("--follow-links", action="store_true", help="read symbolic links that leave the input root")
        parsers.append((pipeline, sub))
    return parsers


def plan_of(pipeline: Pipeline, flags: argparse.Namespace) -> Plan:
    """Lists and plans. Raises BadConfig."""
    # Before the reader looks at files that the run adds to.
    found = _found(flags)
    input_root, entries = listing(pipeline, flags)
    data_set = _with_command(pipeline.read(entries, flags), flags)
    stages = pipeline.stages(flags)
    roots = Roots(input_root, absolute(flags.output_root), state_root(flags))
    identities = describe(stages, device_of(flags))
    plan = make_plan(
        pipeline, data_set, stages, identities, roots, flags.num_shards, run=flags.run, follow_links=flags.follow_links
    )
    return dataclasses.replace(plan, found=found)


def _found(flags: argparse.Namespace) -> bytes:
    claim = claim_of(open_named("--output-root", absolute(flags.output_root)))
    return finished_as(open_named("--state-root", state_root(flags)), claim.run) if claim else b""


def listing(pipeline: Pipeline, flags: argparse.Namespace) -> tuple[str, Iterable[Entry]]:
    """(the input root, what is below it): of a single file, where the pipeline takes one, its folder and itself.

    Raises BadConfig.
    """
    root = absolute(flags.input_root)
    if pipeline.positionals and "://" not in root and Path(root).is_file():
        folder, name = str(Path(root).parent), Path(root).name
        entry = open_store(folder, must_exist=True, follow_links=flags.follow_links).stat(name)
        return folder, [entry] if entry else []
    return root, open_named("--input-root", root, must_exist=True, follow_links=flags.follow_links).list(
        directories=True
    )


def _with_command(data_set: DataSet, flags: argparse.Namespace) -> DataSet:
    """Each problem with the command that shows it again."""
    own = words_given_by(flags, pipeline_of(flags.pipeline).add_flags)
    roots = ["--input-root", absolute(flags.input_root), "--output-root", absolute(flags.output_root)]
    command = ["visemill", "plan", flags.pipeline, *roots, *own]
    told = tuple(dataclasses.replace(line, reproduce=shlex.join(command)) for line in data_set.problems)
    return dataclasses.replace(data_set, problems=told)


def add_device_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers-device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="what a stage's device auto means where the workers are other machines; auto: what it means here "
        "(default: %(default)s)",
    )


def device_of(flags: argparse.Namespace) -> str:
    """What a stage's device "auto" means for the workers of a run, which are not always of this machine."""
    if getattr(flags, "cluster", "local") == "kube":
        return "cuda" if kube_settings(flags, os.environ).pods_gpus else "cpu"
    return getattr(flags, "workers_device", "auto")


def describe(stages: Sequence[tuple[str, Mapping[str, Any]]], device: str = "auto") -> list[dict[str, Any]]:
    """Who would decide the bytes, as the stages themselves say. device: as device_of gives it. Raises BadConfig."""
    names = ",".join(name for name, _ in stages)
    config = json.dumps({name: dict(values) for name, values in stages})
    done = run_service(names, "describe", "--config", config, "--device", device, limit_s=_DESCRIBE_LIMIT_S)
    identities: list[dict[str, Any]] = json.loads(done)
    return identities


def limit_words(order: RunOrder) -> list[str]:
    """Flags of the `once` door: the pipeline's own limits on a clip."""
    pipeline = pipeline_of(order.pipeline)
    return ["--clip-time-s", f"{pipeline.clip_time_s:g}", "--clip-memory-mib", str(pipeline.clip_memory_mib)]


def run_service(stages: str, door: str, *flags: str, limit_s: float, accept: Sequence[int] = (0,)) -> str:
    """Standard output of a service's own argv. Raises what it failed with."""
    argv = [sys.executable, "-m", "services", stages, door, *flags]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        raise _hung(stages, door, limit_s) from None
    # A bug may end the service before it has said anything.
    if done.returncode in accept and (done.stdout or done.returncode == EXIT_OK):
        return done.stdout
    raise _failed(stages, door, done.returncode, done.stderr)


def service_lines(
    stages: str, door: str, *flags: str, limit_s: float, accept: Sequence[int] = (0,)
) -> Generator[str, None, None]:
    """Lines of standard output of a service's own argv, as they come. Raises what it failed with, after the last.

    Closed before its end, it ends the process.
    """
    argv = [sys.executable, "-m", "services", stages, door, *flags]
    with tempfile.TemporaryFile("w+", errors="replace") as words:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=words, text=True)
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limit_s, end)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdout is not None
            yield from process.stdout
            code = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        if late.is_set():
            raise _hung(stages, door, limit_s)
        if code not in accept:
            words.seek(0)
            raise _failed(stages, door, code, words.read())


def _hung(stages: str, door: str, limit_s: float) -> BadConfig:
    return BadConfig("SERVICE_HUNG", f"`services {stages} {door}` took over {limit_s:g} s: see whether its models load")


def _failed(stages: str, door: str, code: int, words: str) -> VisemillError:
    for line in reversed(words.splitlines()):
        if line.startswith('{"kind"'):
            fields = json.loads(line)
            return from_kind(fields["kind"], fields["reason"], fields["message"], fields["detail"])
    return BadConfig("SERVICE_FAILED", f"`services {stages} {door}` exited with {code}", words[-2000:])
