"""Progress on standard error: a bar on a terminal, a plain line every few seconds elsewhere.

For programs it is a JSON object a line: {"event": "progress", "shards": [done, total], "clips": [done, total],
"quarantined": n} about every second, of a single clip also "frames", and {"event": "said", "text": ...}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from orchestrator.console.escape import printable
from services.base.process.quantities import duration

if TYPE_CHECKING:
    from orchestrator.console.bar import Bar

_PLAIN_EVERY_S = 4.5
_TERMINAL_EVERY_S = 0.2
_JSON_EVERY_S = 1.0
# The rate is that of the last minute, so that it follows a change without jumping.
_WINDOW_S = 60.0


class Progress:
    """Counts clips and shows them. Threads may share it.

    total: clips to do in all, done ones included. unit: what is counted. of: the data set whose it is, where several
    are shown side by side. shards: (done, in all), as the caller keeps it, like kube_requests: to an API server, so
    far.
    """

    def __init__(
        self,
        total: int,
        num_done: int,
        *,
        stream: TextIO | None = None,
        quiet: bool = False,
        as_json: bool = False,
        unit: str = "clips",
        of: str = "",
    ) -> None:
        self._stream = stream or sys.stderr
        self._as_json = as_json
        self._of = of
        # Several would draw on one line.
        self._bar = None if as_json or quiet or of else bar_of(self._stream)
        self._every_s = _JSON_EVERY_S if as_json else _TERMINAL_EVERY_S if self._bar else _PLAIN_EVERY_S
        self.shards = (0, 0)
        self.kube_requests = 0
        self._quiet = quiet
        self._unit = unit
        self._total = total
        self._num_done = num_done
        self._num_quarantined = 0
        self._frames = (0, 0)
        self._began_s = self._shown_s = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque([(self._began_s, num_done)])
        self._lock = threading.RLock()

    def clip(self, *, ok: bool) -> None:
        with self._lock:
            self._num_done += 1
            self._num_quarantined += not ok
            self._counted_anew()

    def frames(self, num_done: int, num_claimed: int) -> None:
        """How far the clip is that is worked on. Of a single one its frames are counted, where it claims a number."""
        with self._lock:
            if self._total != 1 or not num_claimed:
                return
            if not self._frames[1] or num_done < self._frames[0]:
                self._counted_anew()
            self._frames = (num_done, num_claimed)

    def reached(self, num_done: int, num_quarantined: int) -> None:
        """Counts that somebody else keeps."""
        with self._lock:
            is_further = num_done != self._num_done
            self._num_done, self._num_quarantined = num_done, num_quarantined
            if is_further and self._frames[1]:
                self._counted_anew()

    def undo(self, num_clips: int) -> None:
        """Clips of an attempt that failed are to be done again."""
        with self._lock:
            self._num_done -= num_clips
            self._counted_anew()

    def tick(self, note: str = "") -> None:
        """Shows where things stand, if it is time to."""
        with self._lock:
            now_s = time.monotonic()
            if self._quiet or now_s - self._shown_s < self._every_s:
                return
            self._shown_s = now_s
            self._measure(now_s)
            if self._as_json:
                self._event()
            elif self._bar:
                done, total, _ = self._counts
                share = done / total if total else 1.0
                self._bar.draw(columns(self._stream), share, self._parts(), note)
            else:
                self._stream.write(f"{self._whose}{self.line(note)}\n")
                self._stream.flush()

    @contextmanager
    def ticking(self, note: str = "") -> Iterator[None]:
        """Ticks for a caller that waits for something else."""
        done = threading.Event()

        def tick() -> None:
            while not done.wait(self._every_s / 2):
                self.tick(note)

        thread = threading.Thread(target=tick, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def line_now(self, note: str = "") -> str:
        """For whoever shows it at times of his own."""
        with self._lock:
            self._measure(time.monotonic())
            return self.line(note)

    def _measure(self, now_s: float) -> None:
        self._recent.append((now_s, self._counts[0]))
        while len(self._recent) > 2 and now_s - self._recent[0][0] > _WINDOW_S:
            self._recent.popleft()

    def line(self, note: str = "") -> str:
        done, total, unit = self._counts
        left = total - done
        eta = self._eta() or ("ETA --" if left else "finishing")
        bad = f", {self._num_quarantined} quarantined" if self._num_quarantined else ""
        counted = f"{done}/{total} {unit} ({self._percent()}), {self._rate_hz():.1f} {unit}/s"
        more = "; ".join(filter(None, [self._of_shards(), note]))
        return f"{counted}, {eta}{bad}" + (f" - {more}" if more else "")

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._quiet:
            return
        with self._lock:
            if self._bar:
                self._bar.clear()
            said = {"event": "said", "text": text, **self._dataset}
            self._stream.write((json.dumps(said) if self._as_json else f"{self._whose}{printable(text)}") + "\n")
            self._stream.flush()
            self._shown_s = time.monotonic()

    def close(self) -> None:
        with self._lock:
            if self._as_json and not self._quiet:
                self._event()
            if self._bar:
                self._bar.clear()

    @property
    def _counts(self) -> tuple[int, int, str]:
        """(done, in all, of what): frames of a single clip that is worked on."""
        if self._frames[1]:
            return (*self._frames, "frames")
        return self._num_done, self._total, self._unit

    def _counted_anew(self) -> None:
        """The rate is that of what is counted from now on."""
        if self._frames[1] or self._total == 1:
            self._frames = (0, 0)
            self._recent = deque([(time.monotonic(), self._num_done)])

    @property
    def _whose(self) -> str:
        return f"{self._of}: " if self._of else ""

    @property
    def _dataset(self) -> dict[str, str]:
        return {"dataset": self._of} if self._of else {}

    def _parts(self) -> list[tuple[str, int, str]]:
        """Of the line on a terminal: the text, what it is worth, its style."""
        bad = self._num_quarantined
        done, total, unit = self._counts
        return [
            (f"{done}/{total} {unit}", 0, "bold"),
            (self._percent(), 3, ""),
            (f"{self._rate_hz():.1f} {unit}/s", 2, "cyan"),
            (self._eta() or ("" if done < total else "finishing"), 1, ""),
            (self._of_shards(), 2, ""),
            (f"{bad} quarantined" if bad else "", 0, "bold red"),
        ]

    def _percent(self) -> str:
        done, total, _ = self._counts
        share = 100.0 * done / total if total else 100.0
        return f"{share:.0f} %"

    def _of_shards(self) -> str:
        return f"{self.shards[0]}/{self.shards[1]} shards" if self.shards[1] else ""

    def _rate_hz(self) -> float:
        (then_s, then), (now_s, now) = self._recent[0], self._recent[-1]
        return (now - then) / (now_s - then_s) if now_s > then_s else 0.0

    def _eta(self) -> str:
        done, total, _ = self._counts
        left, rate_hz = total - done, self._rate_hz()
        return f"ETA {duration(left / rate_hz)}" if rate_hz > 0 and left > 0 else ""

    def _event(self) -> None:
        clips = (self._num_done, self._total)
        event: dict[str, object] = {
            "event": "progress",
            "shards": self.shards,
            "clips": clips,
            "quarantined": self._num_quarantined,
            **self._dataset,
        }
        if self._frames[1]:
            event["frames"] = self._frames
        if self.kube_requests:
            event["kube_requests"] = self.kube_requests
        self._stream.write(json.dumps(event) + "\n")
        self._stream.flush()


def bar_of(stream: TextIO) -> Bar | None:
    """What draws on a stream; None where it is no terminal that can rewrite a line."""
    if not stream.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return None
    from orchestrator.console.bar import Bar

    return Bar(stream)


def lost_attempt(shard: int, num_attempts: int, code: int, detail: str) -> str:
    """What is said of a worker that ended before its shard did. code: exit code, or less than 0 the signal."""
    why = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with {code}"
    return f"shard {shard}: the worker of attempt {num_attempts} {why}" + (f": {detail}" if detail else "")


def _signal_name(number: int) -> str:
    """`SIGKILL` of 9."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def columns(stream: TextIO) -> int:
    """Of the terminal that a stream is; 80 where it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80
