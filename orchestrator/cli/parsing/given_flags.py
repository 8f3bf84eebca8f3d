"""The command line that gives the values of parsed flags again, for a command that another one shows or starts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any


def argv_given_by(values: argparse.Namespace, *adding: Callable[[argparse.ArgumentParser], None]) -> list[str]:
    """For the flags that these functions add to a parser; those at their default are left out."""
    parser = argparse.ArgumentParser(add_help=False)
    for add in adding:
        add(parser)
    argv: list[str] = []
    for action in parser._actions:
        value = getattr(values, action.dest, action.default)
        if action.option_strings and value != action.default:
            argv += _given(action, value)
    return argv


def _given(action: argparse.Action, value: Any) -> list[str]:
    option = max((o for o in action.option_strings if not o.startswith("--no-")), key=len)
    if isinstance(action, argparse.BooleanOptionalAction):
        return [option if value else f"--no-{option.removeprefix('--')}"]
    if action.nargs == 0:
        return [option]
    return [f"{option}={one}" for one in (value if isinstance(value, list) else [value])]
