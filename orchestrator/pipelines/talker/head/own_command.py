"""I/O: another command of this program, in a process of its own that does not outlive this one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from services.base.errors import BY_EXIT_CODE, EXIT_INTERRUPTED, EXIT_OK, EXIT_QUARANTINED, VisemillError, from_kind

_WHY = re.compile(r"(pass \S+: )?(?P<reason>[A-Z][A-Z0-9_]+): (?P<message>.+)", re.DOTALL)


def answer_of_command(argv: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """What `visemill argv -o json` answers; what it says on the way is shown. environment: beside this process's.

    Raises what it failed with.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:
        with subprocess.Popen(
            [sys.executable, "-m", "orchestrator.cli.child_main", str(os.getpid()), *argv, "--output=json"],
            stdout=answer,
            env={**os.environ, **environment},
        ) as process:
            try:
                code = process.wait()
            except BaseException:
                process.terminate()
                raise
        answer.seek(0)
        text = answer.read()
    if code == EXIT_INTERRUPTED:
        raise KeyboardInterrupt
    try:
        data: dict[str, Any] = json.loads(text)
    except ValueError:
        data = {}
    if code in (EXIT_OK, EXIT_QUARANTINED) and data:
        return data
    raise failure_of(argv, code, data, text)


def failure_of(argv: Sequence[str], code: int, data: Mapping[str, Any], text: str) -> VisemillError:
    """What a command failed with. data: its answer, also about a run that could not be finished, which says why."""
    if isinstance(data.get("error"), Mapping):
        return from_kind(**data["error"])
    why = _WHY.fullmatch(str(data.get("why", "")))
    if why is not None and code in BY_EXIT_CODE:
        return BY_EXIT_CODE[code](why["reason"], why["message"])
    return VisemillError("COMMAND_FAILED", f"`visemill {' '.join(argv)}` exited with {code}: see what it said", text)
