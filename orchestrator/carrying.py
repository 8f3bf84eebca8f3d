"""I/O: what every way of carrying out a run shares: how it is asked for, what a worker is told, how it has ended."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.commits import Commits
from orchestrator.decide import Policy
from services.base import layout
from services.base.errors import EXIT_BAD_SHARD, EXIT_OK, EXIT_QUARANTINED
from services.base.order import DoneShard, RunOrder, lines_of
from services.base.store import NotThere, Store


@dataclass(frozen=True)
class RunOptions:
    """How a run is carried out; none of it decides a byte of the output."""

    num_workers: int = 1
    policy: Policy = field(default_factory=Policy)
    clip_time_s: float = 120.0
    clip_memory_mib: int = 2048
    threads_per_worker: int = 1
    artifact_cache: bool = True
    remote: tuple[str, ...] = ()
    quiet: bool = False
    progress_as_json: bool = False

    def __post_init__(self) -> None:
        if self.num_workers < 1:
            raise ValueError(f"a run needs at least 1 worker, not {self.num_workers}")


@dataclass(frozen=True)
class Summary:
    """How a run ended. done: its commits, when it was published."""

    order: RunOrder
    exit_code: int
    why: str
    done: Sequence[DoneShard]
    num_quarantined: int
    wall_s: float
    finished: bool
    nothing_to_do: bool = False


def work_flags(order: RunOrder, state: Store, options: RunOptions) -> list[str]:
    """Flags of a worker, the same here and in a pod; which shards it does is left to whoever starts it."""
    limit = options.policy.max_failures
    flags = [
        *("--state-root", state.uri, "--run", order.run),
        *("--clip-time-s", f"{options.clip_time_s:g}", "--clip-memory-mib", str(options.clip_memory_mib)),
        *("--num-threads", str(options.threads_per_worker)),
        *("--max-shard-failures", str(-1 if limit is None else limit)),
        "--artifact-cache" if options.artifact_cache else "--no-artifact-cache",
    ]
    for pair in options.remote:
        flags += ["--remote", pair]
    return flags


def log_dir(order: RunOrder, state: Store) -> str:
    """Where the workers of a run on this machine write their logs; a state root that is no folder holds none."""
    if "://" in state.uri:
        cache = os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir()
        return str(Path(cache) / "visemill" / "logs" / order.run)
    return str(Path(state.uri) / layout.run_dir(order.run) / "logs")


def remote_stages(remotes: Iterable[str]) -> frozenset[str]:
    """Names of the stages that STAGE=HOST:PORT sends elsewhere."""
    return frozenset(pair.partition("=")[0] for pair in remotes)


def forget(order: RunOrder, state: Store, shards: Iterable[int]) -> None:
    """These shards are to be made again, so that the run is not finished any more."""
    state.delete(layout.finished_file(order.run))
    for shard in shards:
        state.delete(layout.done_file(order.run, shard, order.num_shards))


def num_problems(order: RunOrder, state: Store) -> int:
    """How many files planning has set aside."""
    try:
        return len(lines_of(state.read(layout.problems_file(order.run))))
    except NotThere:
        return 0


def summarize(
    commits: Commits, done: Sequence[DoneShard], code: int, why: str, wall_s: float, *, nothing_to_do: bool = False
) -> Summary:
    """How a run has ended, or where it stands, by those of its commits that are done."""
    order, state = commits.order, commits.state
    num_quarantined = num_problems(order, state) + sum(d.counts.get("quarantined", 0) for d in done)
    num_records = sum(n for d in done for split, n in d.counts.items() if split != "quarantined")
    if code == EXIT_OK and num_quarantined:
        code = EXIT_QUARANTINED if num_records else EXIT_BAD_SHARD
    finished = state.stat(layout.finished_file(order.run)) is not None
    return Summary(order, code, why, done, num_quarantined, wall_s, finished, nothing_to_do)
