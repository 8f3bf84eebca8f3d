"""I/O: one command line of ours in a process of its own: its progress as it comes, its answer at the end."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orchestrator.service.record import Exit, Pinned
from services.base.errors import Transient, VisemillError, from_kind

_LOG = logging.getLogger(__name__)
_LAST_LINES = 20
_TERMINATE_GRACE_S = 30.0

Event = Mapping[str, Any]


class CliSubprocess:
    """`visemill WORDS -o json`. Run once, by the thread that shall outlive it; stop from any thread."""

    def __init__(self, arguments: Sequence[str], take: Callable[[Event], None]) -> None:
        """take: called with each event of its progress, from another thread."""
        self._args = list(arguments)
        self._take = take
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._process: subprocess.Popen[str] | None = None
        self._stopping = False
        self._changing = threading.Lock()

    def run(self) -> Exit:
        """Starts it and waits for its end."""
        argv = [sys.executable, "-m", "orchestrator.cli.child_main", str(os.getpid()), *self._args, "--output=json"]
        with subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            with self._changing:
                self._process = process
                if self._stopping:
                    process.terminate()
            reader = threading.Thread(target=self._read_progress, args=(process,), daemon=True)
            reader.start()
            assert process.stdout is not None
            text = process.stdout.read()
            code = process.wait()
            reader.join()
        return Exit(code, _answer_of(text), "\n".join(self._last))

    def stop(self) -> None:
        """Asks it to end (SIGTERM), and kills it if it does not within the grace. Returns at once."""
        with self._changing:
            self._stopping = True
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()
                timer = threading.Timer(_TERMINATE_GRACE_S, self._process.kill)
                timer.daemon = True
                timer.start()

    def _read_progress(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            event = _event_of(line)
            if event is not None:
                self._take(event)
            elif line.strip():
                self._last.append(line.rstrip())
                _LOG.info("%s", line.rstrip())


def _event_of(line: str) -> Event | None:
    if not line.startswith('{"event"'):
        return None
    with contextlib.suppress(ValueError):
        event: Event = json.loads(line)
        return event
    return None


def _answer_of(text: str) -> Mapping[str, Any]:
    with contextlib.suppress(ValueError):
        answer = json.loads(text)
        if isinstance(answer, dict):
            return answer
    return {}


def error_of(ended: Exit) -> VisemillError:
    """Why a command that was run has failed."""
    error = ended.answer.get("error")
    if error is not None:
        return from_kind(error["kind"], error["reason"], error["message"], error["detail"])
    return Transient("PROCESS_LOST", f"its process ended with {ended.code}: try again", ended.detail)


def pinned_of(ended: Exit) -> Pinned:
    """What `pin` has answered."""
    answer = ended.answer
    return Pinned(
        answer["run"],
        answer["digest"],
        answer["state_root"],
        answer["shards"],
        answer["clips"],
        tuple(answer["stages"]),
        tuple(answer["notes"]),
    )
