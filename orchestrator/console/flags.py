"""PURE: flags of a command line and the words that give them, there and back."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from services.base.errors import BadConfig


class FlagParser(argparse.ArgumentParser):
    """Takes flags in full only, and raises BadConfig BAD_FLAGS instead of ending the process."""

    def __init__(self, whose: str) -> None:
        super().__init__(prog=whose, add_help=False, allow_abbrev=False, usage=argparse.SUPPRESS)

    def error(self, message: str) -> NoReturn:
        raise BadConfig("BAD_FLAGS", f"{self.prog}: {message}")

    @property
    def flags(self) -> list[argparse.Action]:
        return [action for action in self._actions if action.option_strings]


def words_of(flags: Iterable[argparse.Action], values: argparse.Namespace, skip: Sequence[str] = ()) -> list[str]:
    """The words that give these values again; flags at their default are left out, and those named in skip."""
    words: list[str] = []
    for action in flags:
        value = getattr(values, action.dest, action.default)
        if action.dest not in skip and value != action.default:
            words += _words(action, value)
    return words


def words_given_by(values: argparse.Namespace, *adding: Callable[[argparse.ArgumentParser], None]) -> list[str]:
    """As words_of, for the flags that these functions add to a parser."""
    parser = FlagParser("flags")
    for add in adding:
        add(parser)
    return words_of(parser.flags, values)


def _words(action: argparse.Action, value: Any) -> list[str]:
    option = max((o for o in action.option_strings if not o.startswith("--no-")), key=len)
    if isinstance(action, argparse.BooleanOptionalAction):
        return [option if value else f"--no-{option.removeprefix('--')}"]
    if action.nargs == 0:
        return [option]
    return [f"{option}={one}" for one in (value if isinstance(value, list) else [value])]
