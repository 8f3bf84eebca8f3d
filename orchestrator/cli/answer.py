"""What the command line can do, one module a command: its flags, and a function from flags to an Answer.

Belongs here: calling the parts and wording the answer. May not: parse a command line, print, or decide.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.base.errors import EXIT_INTERRUPTED, VisemillError
from services.base.process.quantities import counted

# Above it a line of all is nobody's to read.
_MOST_NAMED = 20


@dataclass(frozen=True)
class Answer:
    """What a command found. text: for people. data: the same for machines, JSON-able. exit_code: see
    services/base/errors.py.
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int = 0


def answer_of_error(error: VisemillError) -> Answer:
    """What is printed of a command that has failed."""
    lines = [f"visemill: {error.reason}: {error.message}", *filter(None, [error.detail])]
    lines += [f"  logs: {error.logs}"] if error.logs else []
    logs = {"logs": error.logs} if error.logs else {}
    return Answer("\n".join(lines), {"error": error.fields(), **logs, "exit_code": error.exit_code}, error.exit_code)


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


def answer_of_each(calls: Mapping[str, Callable[[], Answer]], flags: argparse.Namespace) -> Answer:
    """The calls by the name of their data set, one after another. One that fails keeps none of the others from theirs,
    but for the interruption of the whole; the exit code is the highest.
    """
    answers: dict[str, Answer] = {}
    for i, (name, call) in enumerate(calls.items()):
        if not vars(flags).get("quiet", True) and flags.progress == "text":
            sys.stderr.write(f"data set {name} ({i + 1} of {len(calls)})\n")
        try:
            answers[name] = call()
        except VisemillError as error:
            answers[name] = answer_of_error(error)
        if answers[name].exit_code == EXIT_INTERRUPTED:
            break
    return combined(answers, [name for name in calls if name not in answers])


def _by_code(codes: Mapping[str, int]) -> str:
    """How many there are of each, and the first of them."""
    parts = []
    for code in sorted(set(codes.values())):
        names = [name for name, own in codes.items() if own == code]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        parts.append(f"{code} for {names[0]}{more}")
    return ", ".join(parts)


def combined(answers: Mapping[str, Answer], not_begun: list[str]) -> Answer:
    """Answers about data sets by name as one. not_begun: those that an interruption has kept from their turn."""
    code = max(answer.exit_code for answer in answers.values())
    parts = [f"data set {name}:\n{answer.text}" for name, answer in answers.items()]
    codes = ", ".join(f"{name} {answer.exit_code}" for name, answer in answers.items())
    if len(answers) > _MOST_NAMED:
        codes = _by_code({name: answer.exit_code for name, answer in answers.items()})
    last = f"{counted(len(answers), 'data set')}, by exit code: {codes}"
    last += f"; interrupted before {', '.join(not_begun)}" if not_begun else ""
    data = {
        "datasets": [
            {"dataset": name, **answer.data, "exit_code": answer.exit_code} for name, answer in answers.items()
        ],
        "not_begun": not_begun,
        "exit_code": code,
    }
    return Answer("\n".join([*parts, last]), data, code)
