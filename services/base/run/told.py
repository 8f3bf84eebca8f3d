"""What a command tells the one that started it, a line of JSON each on standard error: what it does, and how far."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass

_EVERY_S = 0.5
_DOING, _FRAMES = "doing", "frames"


@dataclass(frozen=True)
class Doing:
    """What is done from now on."""

    what: str


@dataclass(frozen=True)
class FramesDone:
    """Of what is done. num_in_all: 0: nobody can say."""

    num_done: int
    num_in_all: int


def tell(event: Doing | FramesDone) -> None:
    """Writes it to standard error."""
    fields = {_DOING: event.what} if isinstance(event, Doing) else {_FRAMES: [event.num_done, event.num_in_all]}
    sys.stderr.write(json.dumps({"event": "told", **fields}) + "\n")
    sys.stderr.flush()


def told_in(line: str) -> Doing | FramesDone | None:
    """What a line tells; None for any other line."""
    if not line.startswith('{"event": "told", '):
        return None
    try:
        fields = json.loads(line)
        return Doing(str(fields[_DOING])) if _DOING in fields else FramesDone(*map(int, fields[_FRAMES]))
    except (ValueError, KeyError, TypeError):
        return None


class FramesTold:
    """Tells how many frames are done, now and then, and of the last one at once."""

    def __init__(self) -> None:
        self._told_s = -_EVERY_S

    def __call__(self, num_done: int, num_in_all: int) -> None:
        now_s = time.monotonic()
        if num_done and (now_s - self._told_s >= _EVERY_S or num_done == num_in_all):
            self._told_s = now_s
            tell(FramesDone(num_done, num_in_all))
