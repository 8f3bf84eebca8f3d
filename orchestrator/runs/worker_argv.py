"""PURE: the command line of a worker, and of the ranks of a gang, the same here and in a pod."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from services.base.run.passes import GangPass


def work_argv(stages: Sequence[str], flags: Sequence[str]) -> list[str]:
    """The argv of a worker, the same here and in a pod."""
    return [sys.executable, "-m", "services", ",".join(stages), "work", *flags]


def rank_argv(gang: GangPass, run: str, state_uri: str, python: str = sys.executable) -> list[str]:
    """The argv of a rank."""
    where = ["--state-root", state_uri, "--run", run, "--pass", gang.name]
    return [python, "-m", "services", gang.recipe, "rank", *where]


def pod_argv(
    gang: GangPass, command: Sequence[str], flags: Sequence[str] = (), python: str = sys.executable
) -> list[str]:
    """The argv of a pod of ranks, each of which is the command."""
    count = ["--ranks-per-pod", str(gang.ranks_per_pod)]
    return [python, "-m", "services.base.worker.ranks", *count, *flags, "--", *command]
