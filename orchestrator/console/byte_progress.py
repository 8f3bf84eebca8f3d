"""Progress of work that is counted in bytes, one phase after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TextIO

from orchestrator.console.escape import one_line
from orchestrator.console.heartbeat import Heartbeat
from orchestrator.console.progress import Progress

_MB = 10**6


class ByteProgress:
    """Shows a phase in MB on standard error: a bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._progress: Progress | None = None

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._progress is not None:
            self._progress.say(one_line(text))
        else:
            self._stream.write(f"{one_line(text)}\n")
            self._stream.flush()

    def waiting(self, doing: str) -> AbstractContextManager[object]:
        """While something is waited for of which nothing can be counted."""
        return Heartbeat(doing, stream=self._stream)

    @contextmanager
    def phase(self, doing: str, total_bytes: int, num_bytes: int) -> Iterator[Callable[[int], None]]:
        """num_bytes: that are done. What it yields is told how many are."""
        progress = Progress(-(-total_bytes // _MB), num_bytes // _MB, stream=self._stream, unit="MB")

        def counted(count: int) -> None:
            progress.reached(-(-count // _MB) if count == total_bytes else count // _MB, 0)

        self._progress = progress
        try:
            # Another thread shows it, so that a server which sends nothing is seen.
            with closing(progress), progress.ticking(doing):
                yield counted
        finally:
            self._progress = None
