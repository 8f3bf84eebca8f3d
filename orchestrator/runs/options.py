"""How a run is executed: limits, workers, remote stages; none of it decides a byte of the output."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.runs.policy import Policy
from services.base.run import paths
from services.base.run.spec import RunSpec
from services.base.store.interface import Store


@dataclass(frozen=True)
class RunOptions:
    """How a run is executed; none of it decides a byte of the output.

    num_decoders: beside each worker; 0: as many as it has use for. label: what its lines of progress begin with, beside
    those of other runs; empty: it is alone.
    """

    num_workers: int = 1
    policy: Policy = field(default_factory=Policy)
    clip_time_s: float = 120.0
    clip_memory_mib: int = 2048
    threads_per_worker: int = 1
    artifact_cache: bool = True
    remote: tuple[str, ...] = ()
    quiet: bool = False
    progress_as_json: bool = False
    num_decoders: int = 0
    label: str = ""

    def __post_init__(self) -> None:
        if self.num_workers < 1:
            raise ValueError(f"a run needs at least 1 worker, not {self.num_workers}")


def work_flags(spec: RunSpec, state: Store, options: RunOptions) -> list[str]:
    """Flags of a worker, the same here and in a pod; which shards it does is left to whoever starts it."""
    limit = options.policy.max_failures
    flags = [
        *("--state-root", state.uri, "--run", spec.run),
        *("--clip-time-s", f"{options.clip_time_s:g}", "--clip-memory-mib", str(options.clip_memory_mib)),
        *("--num-threads", str(options.threads_per_worker)),
        *("--max-shard-failures", str(-1 if limit is None else limit)),
        "--artifact-cache" if options.artifact_cache else "--no-artifact-cache",
    ]
    if options.num_decoders:
        flags += ["--decoders", str(options.num_decoders)]
    for pair in options.remote:
        flags += ["--remote", pair]
    return flags


def log_dir(spec: RunSpec, state: Store) -> str:
    """Where the workers of a run on this machine write their logs; a state root that is no folder holds none."""
    if "://" in state.uri:
        cache = os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir()
        return str(Path(cache) / "visemill" / "logs" / spec.run)
    return str(Path(state.uri) / paths.run_dir(spec.run) / "logs")


def remote_stages(remotes: Iterable[str]) -> frozenset[str]:
    """Names of the stages that STAGE=HOST:PORT sends elsewhere."""
    return frozenset(pair.partition("=")[0] for pair in remotes)
