"""SIGTERM, noted: a step is finished before a rank ends."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any


class EndRequest:
    """Whether this process was asked to end. Inside its `with`, in the main thread, SIGTERM sets it and that is all."""

    def __init__(self) -> None:
        self.is_asked = False
        self._before: Any = None

    def __enter__(self) -> EndRequest:
        self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_asked = True
