"""I/O: how a run has ended, or where it stands, by its commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.runs.commits.commits import Commits
from orchestrator.runs.gang.results import gangs_are_done
from services.base.errors import EXIT_BAD_SHARD, EXIT_OK, EXIT_QUARANTINED
from services.base.run import paths
from services.base.run.spec import RunSpec, ShardCommit, lines_of
from services.base.store.interface import NotThere, Store


@dataclass(frozen=True)
class Summary:
    """How a run ended. done: its commits, when it was published. finished: that it was, and its gang passes too."""

    spec: RunSpec
    exit_code: int
    why: str
    done: Sequence[ShardCommit]
    num_quarantined: int
    wall_s: float
    finished: bool
    nothing_to_do: bool = False


def num_problems(spec: RunSpec, state: Store) -> int:
    """How many files planning has set aside."""
    try:
        return len(lines_of(state.read(paths.problems_file(spec.run))))
    except NotThere:
        return 0


def summarize(
    commits: Commits, done: Sequence[ShardCommit], code: int, why: str, wall_s: float, *, nothing_to_do: bool = False
) -> Summary:
    """How a run has ended, or where it stands, by those of its commits that are done."""
    spec, state = commits.spec, commits.state
    num_quarantined = num_problems(spec, state) + sum(d.num_quarantined for d in done)
    num_records = sum(d.num_records for d in done)
    if code == EXIT_OK and num_quarantined:
        code = EXIT_QUARANTINED if num_records else EXIT_BAD_SHARD
    finished = state.stat(paths.finished_file(spec.run)) is not None and gangs_are_done(spec, state)
    return Summary(spec, code, why, done, num_quarantined, wall_s, finished, nothing_to_do)
