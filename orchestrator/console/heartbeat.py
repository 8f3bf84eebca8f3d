"""A line on standard error while a command works in silence: what it does, and for how long."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TextIO

from orchestrator.console.progress import Progress, bar_of, columns
from services.base.process.quantities import duration

_QUIET_S = 3.0
"""Silence after which the first line comes, and each further one without a terminal."""
_TERMINAL_EVERY_S = 0.5


class Heartbeat:
    """`with Heartbeat("computing digests"):` says nothing of what is done within a few seconds.

    Elsewhere than on a terminal it is a line for each silence, on one a line that is rewritten and goes away. Where
    frames are counted it is how many there are, their rate and the time that is left.
    """

    def __init__(self, doing: str, *, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._doing = doing
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._bar = None if quiet else bar_of(self._stream)
        self._progress: Progress | None = None
        self._counted = ""
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._began_s = self._heard_s = time.monotonic()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Heartbeat:
        self._began_s = self._heard_s = time.monotonic()
        if not self._quiet:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if not self._quiet:
            self._thread.join()
        self._clear()

    def now(self, doing: str) -> None:
        """What is done from now on."""
        with self._lock:
            self._doing, self._began_s = doing, time.monotonic()
            self._forget()

    def frames(self, num_done: int, num_in_all: int) -> None:
        """How many frames of what is done are there. num_in_all: 0: nobody can say."""
        with self._lock:
            if not num_in_all:
                self._counted = f": {num_done} frames"
                return
            if self._progress is None:
                self._progress = Progress(num_in_all, num_done, stream=self._stream, quiet=self._quiet, unit="frames")
            self._progress.reached(num_done, 0)

    def say(self, text: str) -> None:
        """A line that stays; the silence begins anew."""
        with self._lock:
            self._clear()
            self._stream.write(f"{text}\n")
            self._stream.flush()
            self._heard_s = time.monotonic()

    def _beat(self) -> None:
        pause_s = _TERMINAL_EVERY_S if self._bar else _QUIET_S / 6
        while not self._done.wait(pause_s):
            with self._lock:
                if self._progress is not None and self._bar and not self._done.is_set():
                    self._progress.tick(self._doing)
                    continue
                now_s = time.monotonic()
                if now_s - self._heard_s < _QUIET_S or self._done.is_set():
                    continue
                lasted_s = now_s - self._began_s
                # What has just begun, after something else that was silent, has lasted for nothing worth a word.
                doing = f"{self._doing}{self._counted}"
                text = f"{doing} ({duration(lasted_s)})" if lasted_s >= 1 else doing
                if self._progress is not None:
                    text = f"{self._doing}: {self._progress.line_now()}"
                if self._bar:
                    self._bar.draw(columns(self._stream), 0.0, [], text)
                else:
                    self._heard_s = now_s
                    self._stream.write(f"{text}\n")
                    self._stream.flush()

    def _clear(self) -> None:
        if self._bar:
            self._bar.clear()
        if self._progress is not None:
            self._progress.close()

    def _forget(self) -> None:
        """What was counted."""
        self._clear()
        self._progress, self._counted = None, ""
