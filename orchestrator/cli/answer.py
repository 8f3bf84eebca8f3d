"""What the command line can do, one module a command: its flags, and a function from flags to an Answer.

Belongs here: calling the parts and wording the answer. May not: parse a command line, print, or decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.base.errors import VisemillError


@dataclass(frozen=True)
class Answer:
    """What a command found. text: for people. data: the same for machines, JSON-able. exit_code: see
    services/base/errors.py.
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = 0


def answer_of_error(error: VisemillError) -> Answer:
    """What is said of a command that has failed."""
    lines = [f"visemill: {error.reason}: {error.message}", *filter(None, [error.detail])]
    lines += [f"  logs: {error.logs}"] if error.logs else []
    fields = {"kind": error.kind, "reason": error.reason, "message": error.message, "detail": error.detail}
    logs = {"logs": error.logs} if error.logs else {}
    return Answer("\n".join(lines), {"error": fields, **logs, "exit_code": error.exit_code}, error.exit_code)


def lines_of(data: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """A fact a line; what is within another is set in."""
    for name, value in data.items():
        if isinstance(value, Mapping) and not indent:
            yield f"{name}:"
            yield from lines_of(value, "  ")
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"{name}:"
            yield from (f"  {', '.join(f'{k} {v}' for k, v in row.items())}" for row in value)
        else:
            yield f"{indent}{name}: {value}"
