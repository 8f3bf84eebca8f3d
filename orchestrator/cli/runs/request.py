"""A run's request from a command line: the flags that make it, and the request that they make."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from typing import Any

from orchestrator.access.datasets import named_inputs
from orchestrator.access.request import Limits, RunRequest, RunRoots
from orchestrator.cli.device import device_of
from orchestrator.kube.settings import kube_settings
from orchestrator.pipelines.base import Pipeline
from orchestrator.pipelines.lookup import pipeline_of
from services.base.errors import BadConfig
from services.base.sandbox.supervisor import clip_limits
from services.base.stage.config import add_config_flags, config_from_flags
from services.base.stage.fields import with_files
from services.base.store.roots import absolute

# The default of --max-failures.
ANY_NUMBER = "100%"


def add_options(parser: argparse.ArgumentParser, pipeline: Pipeline) -> None:
    """A flag for each of the pipeline's options, and those that every pipeline's commands have."""
    add_config_flags(parser, pipeline.options)
    add_workers_flag(parser)
    parser.add_argument("--follow-links", action="store_true", help="read symbolic links that leave the input root")


def add_workers_flag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=int, default=0, help="worker processes; 0: one per core (default: %(default)s)"
    )


def requests_of(flags: argparse.Namespace) -> tuple[RunRequest, ...]:
    """One for each --dataset, or the one without a name. Raises BadConfig."""
    named = named_inputs(flags.dataset, flags.input_root or "")
    if len(named) > 1 and flags.run and flags.state_root:
        raise BadConfig(
            "BAD_FLAGS",
            f"--run {flags.run} would name {len(named)} runs in one --state-root: leave out one of the flags",
        )
    if not named:
        return (request_of(flags),)
    return tuple(_request(flags, one.input_root, one.name) for one in named)


def request_of(flags: argparse.Namespace) -> RunRequest:
    """What the flags of `plan`, `run`, `pin` or `count` request of a single data set; roots are absolute.

    Raises BadConfig.
    """
    if named := named_inputs(getattr(flags, "dataset", ()), flags.input_root or ""):
        if len(named) > 1:
            raise BadConfig("BAD_FLAGS", f"--dataset is given {len(named)} times, and is for one data set here")
        return _request(flags, named[0].input_root, named[0].name)
    return _request(flags, flags.input_root)


def _request(flags: argparse.Namespace, input_root: str, dataset: str = "") -> RunRequest:
    pipeline = pipeline_of(flags.pipeline)
    options = config_from_flags(pipeline.options, flags)
    # Those of a data set that has no root of its own.
    further = flags.further_roots if input_root == flags.input_root else ()
    # `count` writes nothing.
    output_root, state_root = getattr(flags, "output_root", input_root), getattr(flags, "state_root", "")
    try:
        roots = RunRoots.of_dataset(
            absolute(input_root),
            absolute(output_root),
            dataset,
            absolute(state_root),
            getattr(flags, "run", ""),
            follow_links=flags.follow_links,
            further_roots=tuple(map(absolute, further)),
        )
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", f"--input-root: {error}") from error
    limits = limits_of(flags, pipeline) if hasattr(flags, "max_failures") else Limits()
    return RunRequest(flags.pipeline, options, roots, limits, getattr(flags, "cluster", "local"), device_of(flags))


def effective_values(flags: argparse.Namespace) -> dict[str, Any]:
    """By a flag's dest, what a run is carried out with where that is more than the flag says: whole paths, and the
    settings of a cluster, from wherever they come. Raises BadConfig.
    """
    pipeline = pipeline_of(flags.pipeline)
    found: dict[str, Any] = asdict(with_files(config_from_flags(pipeline.options, flags), absolute))
    roots = {name: getattr(flags, name, "") for name in ("input_root", "output_root", "state_root")}
    found |= {name: absolute(root) for name, root in roots.items() if root}
    if flags.further_roots:
        found["input_root"] = [absolute(root) for root in (flags.input_root, *flags.further_roots)]
    if any("=" in name for name in getattr(flags, "dataset", ())):
        found["dataset"] = [f"{one.name}={absolute(one.input_root)}" for one in named_inputs(flags.dataset, "")]
    if getattr(flags, "cluster", "local") == "kube":
        found |= asdict(kube_settings(vars(flags), os.environ))
    return found


def limits_of(flags: argparse.Namespace, pipeline: Pipeline | None = None) -> Limits:
    """What the flags of a run say of how it is executed. pipeline: None where a server knows.

    Raises BadConfig.
    """
    if flags.workers < 0:
        raise BadConfig("BAD_WORKERS", f"--workers must be 0 (a worker a core) or more, not {flags.workers}")
    if flags.max_attempts < 1:
        raise BadConfig("BAD_FLAGS", f"--max-attempts must be 1 or more, not {flags.max_attempts}")
    if pipeline is not None:
        clip_limits_of(flags, pipeline)
    try:
        return Limits(
            flags.workers,
            "" if flags.max_failures == ANY_NUMBER else flags.max_failures,
            flags.max_attempts,
            flags.clip_time_s or 0.0,
            flags.clip_memory_mib or 0,
            flags.artifact_cache,
        )
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", str(error)) from error


def clip_limits_of(flags: argparse.Namespace, pipeline: Pipeline) -> tuple[float, int]:
    """(seconds, MiB) that one clip may take. Raises BadConfig."""
    time_s = pipeline.clip_time_s if flags.clip_time_s is None else flags.clip_time_s
    memory_mib = pipeline.clip_memory_mib if flags.clip_memory_mib is None else flags.clip_memory_mib
    clip_limits(time_s, memory_mib)
    return time_s, memory_mib
