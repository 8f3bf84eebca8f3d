"""I/O: a command of a service by its own argv, for a verb of a pipeline: what it says on the way, and its answer."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from orchestrator.console.heartbeat import Heartbeat
from services.base.errors import (
    BY_EXIT_CODE,
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_QUARANTINED,
    Transient,
    VisemillError,
    from_kind,
)
from services.base.process.ending import SIGNALLED, shell_code
from services.base.run.progress_lines import FramesDone, Phase, parsed_line

_REASON = re.compile(r"([A-Z][A-Z0-9_]+): (.+)")
_MOST_SAID = 50


class ServiceAnswer(NamedTuple):
    """The JSON object that the command printed, and its exit code."""

    data: dict[str, Any]
    exit_code: int


def answer_of_module(module: str, argv: Sequence[str], doing: str) -> ServiceAnswer:
    """Runs `python -m module argv`, whose lines on standard error are shown as they come. doing: for the wait.

    Raises what the command failed with: its last line is the error as JSON, as of services.base.errors, or `REASON:
    message`, and its exit code the class.
    """
    said: list[str] = []
    with (
        Heartbeat(doing) as beat,
        # An answer may be longer than what a pipe holds, and standard error is read first.
        tempfile.TemporaryFile("w+", encoding="utf-8") as answer,
        subprocess.Popen(
            [sys.executable, "-m", module, *argv], stdout=answer, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        assert process.stderr is not None
        try:
            for line in _last_held_back(_without_progress(process.stderr, beat), said):
                beat.say(line)
            process.wait()
        except BaseException:
            process.terminate()
            raise
        answer.seek(0)
        out = answer.read()
    if process.returncode in (EXIT_OK, EXIT_QUARANTINED) and out.strip():
        for line in said[-1:]:
            sys.stderr.write(f"{line}\n")
        return ServiceAnswer(json.loads(out), process.returncode)
    raise _failure(module, process.returncode, said)


def _without_progress(lines: Iterable[str], beat: Heartbeat) -> Iterator[str]:
    """Those that are for people; the progress among them is shown at once."""
    for line in lines:
        match parsed_line(line):
            case Phase(what):
                beat.now(what)
            case FramesDone(num_done, num_in_all):
                beat.frames(num_done, num_in_all)
            case None:
                yield line


def _last_held_back(lines: Iterable[str], said: list[str]) -> Iterable[str]:
    """Each line but the last, which may be what it failed with. said: the lines so far, the last ones of many."""
    for line in lines:
        if said:
            yield said[-1]
        said.append(line.rstrip("\n"))
        del said[:-_MOST_SAID]


def _failure(module: str, code: int, said: Sequence[str]) -> BaseException:
    if code == EXIT_INTERRUPTED:
        return KeyboardInterrupt()
    last = said[-1] if said else ""
    if last.startswith("{"):
        with contextlib.suppress(ValueError, TypeError):
            return from_kind(**json.loads(last))
    found = _REASON.fullmatch(last)
    if found is not None and code in BY_EXIT_CODE:
        return BY_EXIT_CODE[code](found[1], found[2])
    if (killed := killed_by_signal(f"python -m {module}", code)) is not None:
        return killed
    return VisemillError(
        "SERVICE_FAILED", f"`python -m {module}` exited with {code or EXIT_BUG}: please report it", "\n".join(said)
    )


def killed_by_signal(command: str, code: int) -> Transient | None:
    """What a command ended with that a signal has ended; None: it ended by itself."""
    try:
        name = signal.Signals(shell_code(code) - SIGNALLED).name
    except ValueError:
        return None
    return Transient(
        "SERVICE_KILLED",
        f"`{command}` was ended by {name}, as where memory is short: run this command again, if need be where it has "
        "more",
    )
