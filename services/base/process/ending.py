"""Ending processes that were started here, and what their exit codes say."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence

SIGNALLED = 128
"""As shells tell of a signal: this and its number."""


def shell_code(returncode: int) -> int:
    """The exit code that a shell would give for what subprocess gives, which is negative for a signal."""
    return returncode if returncode >= 0 else SIGNALLED - returncode


def end_all(
    processes: Sequence[subprocess.Popen[bytes]], grace_s: float, kill: Callable[[subprocess.Popen[bytes]], None]
) -> None:
    """Asks all to end (SIGTERM), and kills those that do not within the grace, which they share."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    until_s = time.monotonic() + grace_s
    for process in processes:
        try:
            process.wait(max(0.0, until_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            kill(process)
            process.wait()
