"""How a run is executed: its flags, and the RunOptions that they make."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

from orchestrator.access.request import Limits
from orchestrator.cli.runs.request import ANY_NUMBER
from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.lookup import pipeline_of
from orchestrator.runs.options import RunOptions
from orchestrator.runs.policy import Policy
from services.base.errors import BadConfig
from services.base.process.cgroup import granted_cores
from services.base.run.spec import RunSpec


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Flags of how a run is executed; none decides a byte of the output."""
    parser.add_argument(
        "--max-failures",
        default=ANY_NUMBER,
        help="quarantined clips that stop the run: a number, or a share of all clips (default: %(default)s)",
    )
    parser.add_argument(
        "--max-attempts",
        type=int,
        help=f"attempts per shard when its worker fails (default: {Policy.max_attempts})",
    )
    add_limit_flags(parser)
    parser.add_argument(
        "--artifact-cache",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep artifacts of stages for other runs, and reuse those of earlier ones",
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


def options_of(limits: Limits, flags: argparse.Namespace, spec: RunSpec) -> RunOptions:
    """How this run is executed, within these limits; no number of workers: one a core. Raises BadConfig."""
    pipeline, cores = pipeline_of(spec.pipeline), granted_cores()
    num_workers = max(1, min(limits.num_workers or cores, spec.num_shards))
    check_remotes(flags.remote, spec)
    usual = Policy()
    return RunOptions(
        num_workers,
        Policy(
            limits.max_attempts or usual.max_attempts,
            failure_limit(limits.max_failures or ANY_NUMBER, spec.num_clips),
            limits.max_attempts or usual.max_generations,
        ),
        limits.clip_time_s or pipeline.clip_time_s,
        limits.clip_memory_mib or pipeline.clip_memory_mib,
        max(1, cores // num_workers),
        limits.artifact_cache,
        tuple(flags.remote),
        flags.quiet,
        flags.progress == "json",
        limits.num_decoders,
    )


def check_remotes(remotes: Sequence[str], spec: RunSpec) -> None:
    """Raises BadConfig for a --remote that is no STAGE=HOST:PORT, or of a stage that the run does not have."""
    names = [stage.name for stage in spec.stages]
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
