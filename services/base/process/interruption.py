"""SIGINT and SIGTERM as something that is asked for between steps, so that nothing is torn."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

from services.base.errors import EXIT_INTERRUPTED


@contextlib.contextmanager
def interruption(*, second_ends: bool = False) -> Iterator[Callable[[], bool]]:
    """Yields what says whether SIGINT or SIGTERM has come since. Of the main thread alone; others may ask.

    second_ends: the second one ends the process at once.
    """
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        if asked and second_ends:
            os._exit(EXIT_INTERRUPTED)
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
