"""Progress that a command reports to the process that started it, a line of JSON each on standard error."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass

_EVERY_S = 0.5
_PHASE, _FRAMES = "phase", "frames"


@dataclass(frozen=True)
class Phase:
    """What is done from now on."""

    name: str


@dataclass(frozen=True)
class FramesDone:
    """Of the phase. num_in_all: 0 where it is not known."""

    num_done: int
    num_in_all: int


def report(event: Phase | FramesDone) -> None:
    """Writes it to standard error."""
    fields = {_PHASE: event.name} if isinstance(event, Phase) else {_FRAMES: [event.num_done, event.num_in_all]}
    sys.stderr.write(json.dumps({"event": "progress", **fields}) + "\n")
    sys.stderr.flush()


def parsed_line(line: str) -> Phase | FramesDone | None:
    """The event of a line; None for any other line."""
    if not line.startswith('{"event": "progress", '):
        return None
    try:
        fields = json.loads(line)
        return Phase(str(fields[_PHASE])) if _PHASE in fields else FramesDone(*map(int, fields[_FRAMES]))
    except (ValueError, KeyError, TypeError):
        return None


class FrameProgress:
    """Reports how many frames are done, twice a second at most, and the last one at once."""

    def __init__(self) -> None:
        self._reported_s = -_EVERY_S

    def __call__(self, num_done: int, num_in_all: int) -> None:
        now_s = time.monotonic()
        if num_done and (now_s - self._reported_s >= _EVERY_S or num_done == num_in_all):
            self._reported_s = now_s
            report(FramesDone(num_done, num_in_all))
