"""Progress on standard error: one line that is rewritten on a terminal, a plain line every few seconds elsewhere.

For programs it is a JSON object a line: {"event": "progress", "shards": [done, total], "clips": [done, total],
"quarantined": n} about every second, and {"event": "said", "text": ...}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import deque
from typing import TextIO

from orchestrator.console.quantities import duration

_PLAIN_EVERY_S = 4.5


_TERMINAL_EVERY_S = 0.2


_JSON_EVERY_S = 1.0


# The rate is that of the last minute, so that it follows a change without jumping.
_WINDOW_S = 60.0


class Progress:
    """Counts clips and says so. total: clips to do in all, done ones included. shards: (done, in all), as the caller
    keeps it, like kube_requests: to an API server, so far.
    """

    def __init__(
        self, total: int, num_done: int, *, stream: TextIO | None = None, quiet: bool = False, as_json: bool = False
    ) -> None:
        self._stream = stream or sys.stderr
        self._as_json = as_json
        self._terminal = self._stream.isatty() and not as_json
        self._every_s = _JSON_EVERY_S if as_json else _TERMINAL_EVERY_S if self._terminal else _PLAIN_EVERY_S
        self.shards = (0, 0)
        self.kube_requests = 0
        self._quiet = quiet
        self._total = total
        self._num_done = num_done
        self._num_quarantined = 0
        self._began_s = self._said_s = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque([(self._began_s, num_done)])
        self._shown = False

    def clip(self, *, ok: bool) -> None:
        self._num_done += 1
        self._num_quarantined += not ok

    def reached(self, num_done: int, num_quarantined: int) -> None:
        """Counts that somebody else keeps."""
        self._num_done, self._num_quarantined = num_done, num_quarantined

    def undo(self, num_clips: int) -> None:
        """Clips of an attempt that failed are to be done again."""
        self._num_done -= num_clips

    def tick(self, note: str = "") -> None:
        """Says where things stand, if it is time to."""
        now_s = time.monotonic()
        if self._quiet or now_s - self._said_s < self._every_s:
            return
        self._said_s = now_s
        self._recent.append((now_s, self._num_done))
        while len(self._recent) > 2 and now_s - self._recent[0][0] > _WINDOW_S:
            self._recent.popleft()
        if self._as_json:
            self._event()
        else:
            self._write(self.line(note))

    def line(self, note: str = "") -> str:
        (then_s, then), (now_s, now) = self._recent[0], self._recent[-1]
        rate_hz = (now - then) / (now_s - then_s) if now_s > then_s else 0.0
        left = self._total - self._num_done
        eta = f"ETA {duration(left / rate_hz)}" if rate_hz > 0 and left > 0 else "ETA --" if left else "finishing"
        share = 100.0 * self._num_done / self._total if self._total else 100.0
        bad = f", {self._num_quarantined} quarantined" if self._num_quarantined else ""
        text = f"{self._num_done}/{self._total} clips ({share:.0f} %), {rate_hz:.1f} clips/s, {eta}{bad}"
        return f"{text} - {note}" if note else text

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._quiet:
            return
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._shown = False
        self._stream.write((json.dumps({"event": "said", "text": text}) if self._as_json else text) + "\n")
        self._stream.flush()
        self._said_s = time.monotonic()

    def close(self) -> None:
        if self._as_json and not self._quiet:
            self._event()
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False

    def _event(self) -> None:
        clips = (self._num_done, self._total)
        event: dict[str, object] = {
            "event": "progress",
            "shards": self.shards,
            "clips": clips,
            "quarantined": self._num_quarantined,
        }
        if self.kube_requests:
            event["kube_requests"] = self.kube_requests
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()

    def _write(self, line: str) -> None:
        if self._terminal:
            # A line that wraps cannot be written over.
            width = _columns(self._stream) - 1
            self._stream.write(f"\r\x1b[K{line[:width]}")
            self._shown = True
        else:
            self._stream.write(line + "\n")
        self._stream.flush()


def lost_attempt(shard: int, num_attempts: int, code: int, words: str) -> str:
    """What is said of a worker that ended before its shard did. code: exit code, or less than 0 the signal."""
    why = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with {code}"
    return f"shard {shard}: the worker of attempt {num_attempts} {why}" + (f": {words}" if words else "")


def _signal_name(number: int) -> str:
    """`SIGKILL` of 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _columns(stream: TextIO) -> int:
    """Of the terminal that a stream is; 80 where it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80
