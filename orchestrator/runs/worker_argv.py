"""PURE: the command line of a worker, the same here and in a pod."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def work_argv(stages: Sequence[str], flags: Sequence[str]) -> list[str]:
    """The argv of a worker, the same here and in a pod."""
    return [sys.executable, "-m", "services", ",".join(stages), "work", *flags]
