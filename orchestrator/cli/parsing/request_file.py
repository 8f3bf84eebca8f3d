"""A request in a file: flags of a command by their names, in YAML or JSON; there from the file, and back into one."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from services.base.errors import BadConfig

if TYPE_CHECKING:
    from services.formats.settings_file import Setting

FLAG = "--request"
PRINT_FLAG = "--print-request"
PIPELINE = "pipeline"
_NO_KEYS = frozenset({"help", "output", "request", "print_request", "settings_file", "settings_preset"})
_MOST_SHOWN = 80


@dataclass(frozen=True)
class RequestFile:
    """path: as it was given. settings: by flag, without the leading dashes and with `-` for `_`."""

    path: str
    settings: Mapping[str, Setting]

    def where(self, key: str) -> str:
        """How a message names the place of a key. What is no file has no lines."""
        line = self.settings[key].line
        return f"{self.path}, line {line}: {key}" if line else f"{self.path}: {key}"


def add_request_flags(parser: argparse.ArgumentParser) -> None:
    """To give a request by a file, and to write one."""
    group = parser.add_argument_group("request file")
    group.add_argument(
        FLAG,
        default="",
        metavar="FILE",
        help="YAML or JSON file with flags by their names, such as `num-shards: 8`; flags of the command line win",
    )
    group.add_argument(
        PRINT_FLAG,
        action="store_true",
        help=f"print what would be requested, for {FLAG}, and do nothing; with -o json as JSON",
    )


def request_path(argv: Iterable[str]) -> str:
    """The file that a command line names; empty where it names none."""
    return value_of_flag(argv, FLAG)


def value_of_flag(argv: Iterable[str], flag: str) -> str:
    """What a command line gives to a flag of one value, before it is parsed; empty where it has none."""
    words = list(argv)
    for i, word in enumerate(words):
        if word == "--":
            break
        if word == flag:
            return words[i + 1] if i + 1 < len(words) else ""
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return ""


def read_request(path: str, flag: str = FLAG) -> RequestFile:
    """flag: that named it, for messages. Raises BadConfig BAD_REQUEST_FILE for what is no file of settings."""
    from services.formats.settings_file import settings_in

    try:
        found = settings_in(Path(path).read_text("utf-8-sig"))
    except OSError as error:
        raise BadConfig("BAD_REQUEST_FILE", f"{flag} {path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise BadConfig("BAD_REQUEST_FILE", f"{path}: {error}") from error
    settings: dict[str, Setting] = {}
    for name, one in found.items():
        key = name.replace("_", "-").removeprefix("--")
        if key in settings:
            raise BadConfig(
                "BAD_REQUEST_FILE", f"{path}, line {one.line}: {key} is in line {settings[key].line} too: keep one"
            )
        settings[key] = one
    return RequestFile(path, settings)


def with_pipeline(argv: Sequence[str], commands: Iterable[str]) -> list[str]:
    """A command line whose pipeline the file says, with it. commands: those that are followed by a pipeline."""
    if len(argv) < 2 or argv[0] not in commands or not argv[1].startswith("-"):
        return list(argv)
    path = request_path(argv)
    if not path:
        return list(argv)
    named = read_request(path).settings.get(PIPELINE)
    if named is None:
        raise BadConfig("BAD_REQUEST_FILE", f"{path} has no `{PIPELINE}: NAME`: add it, or give it after {argv[0]}")
    return [argv[0], str(named.value), *argv[1:]]


@contextmanager
def filled(
    actions: Sequence[argparse.Action],
    request: RequestFile,
    argv: Sequence[str],
    pipeline: str,
    prog: str,
    others: Callable[[], Iterable[argparse.Action]] = tuple,
) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """The flags with the values of the file as their defaults, until it is left: yields (place in the file by flag,
    value by dest).

    argv: the command line, whose flags win. others: flags of the commands that the same file is for, which say nothing
    to this one. Raises BadConfig UNKNOWN_SETTING, BAD_SETTING.
    """
    flags = _flags(actions)
    said = request.settings.get(PIPELINE)
    if said is not None and said.value != pipeline:
        raise BadConfig(
            "BAD_SETTING", f"{request.where(PIPELINE)} is {said.value!r} and the command's is {pipeline}: correct one"
        )
    on_line = set(_given_by(actions, argv))
    before: list[tuple[argparse.Action, Any, bool]] = []
    places: dict[str, str] = {}
    try:
        for key, given in request.settings.items():
            if key == PIPELINE:
                continue
            if key not in flags and key in _flags(others()):
                continue
            if key not in flags:
                near = difflib.get_close_matches(key, flags, 1)
                hint = f"did you mean {near[0]}?" if near else f"`{prog} --help` lists all"
                raise BadConfig("UNKNOWN_SETTING", f"{request.where(key)} is no flag of `{prog}`; {hint}")
            action = flags[key]
            value = _value(action, given, request.where(key), prog)
            if action in on_line:
                continue
            before.append((action, action.default, action.required))
            action.default, action.required = value, False
            places[max(action.option_strings, key=len)] = request.where(key)
        yield places, {action.dest: action.default for action, _, _ in before}
    finally:
        for action, default, required in reversed(before):
            action.default, action.required = default, required


def with_place(error_message: str, places: Mapping[str, str]) -> str:
    """A message about flags, with the places in a file of those that it names."""
    named = [
        place for flag, place in places.items() if re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", error_message)
    ]
    return f"{error_message} ({'; '.join(named)})" if named else error_message


def request_text(values: Mapping[str, Any]) -> str:
    """A request as YAML."""
    import yaml

    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=1000).rstrip()


def values_of(
    actions: Sequence[argparse.Action], flags: argparse.Namespace, instead: Mapping[str, Any]
) -> dict[str, Any]:
    """What flags say, by their names; without those that say nothing. instead: by a flag's dest, values that stand for
    what it says.
    """
    found: dict[str, Any] = {}
    for key, action in _flags(actions, aliases=False).items():
        value = instead.get(action.dest, getattr(flags, action.dest, None))
        if value not in (None, "", []):
            found[key] = list(value) if isinstance(value, tuple) else value
    return found


def _flags(actions: Iterable[argparse.Action], *, aliases: bool = True) -> dict[str, argparse.Action]:
    """By key: their long names with `-` for `_`, and without the --no-… of a switch."""
    found: dict[str, argparse.Action] = {}
    for action in actions:
        options = [one for one in action.option_strings if one.startswith("--")]
        if action.dest in _NO_KEYS or not options:
            continue
        if isinstance(action, argparse.BooleanOptionalAction):
            options = [one for one in options if not one.startswith("--no-")]
        for option in options if aliases else options[:1]:
            found[option.removeprefix("--").replace("_", "-")] = action
    return found


def _value(action: argparse.Action, given: Setting, where: str, prog: str) -> Any:
    from services.base.process.values import checked_value

    value = given.value
    # Of a flag that may be repeated and is one text where it is not.
    hint = list[str] if getattr(action, "takes_several", False) and isinstance(value, list) else _hint(action)
    if hint == list[str] and isinstance(value, str):
        value = [value]
    if hint is str and type(value) in (int, float):
        # As it is written: 007 is a name here.
        value = given.text
    try:
        return checked_value(hint, value, where)
    except BadConfig as error:
        message = error.message if len(repr(value)) <= _MOST_SHOWN else error.message.partition(", not ")[0]
        quotes = " in quotes" if hint is str else ""
        near = difflib.get_close_matches(str(value), [str(choice) for choice in action.choices or ()], 1)
        hint_text = f"did you mean {near[0]}?" if near else f"correct it{quotes}; see `{prog} --help`"
        raise BadConfig("BAD_SETTING", f"{message}: {hint_text}") from None


def _hint(action: argparse.Action) -> Any:
    if isinstance(action, argparse.BooleanOptionalAction) or action.nargs == 0:
        return bool
    if isinstance(action, argparse._AppendAction):
        return list[str]
    if action.choices is not None:
        return Literal[tuple(action.choices)]
    return action.type if action.type in (int, float) else str


def _given_by(actions: Sequence[argparse.Action], argv: Iterable[str]) -> Iterator[argparse.Action]:
    """The flags that the command line has, in full or by their beginnings."""
    named = {option: action for action in actions for option in action.option_strings}
    for word in argv:
        name = word.partition("=")[0]
        if name in named:
            yield named[name]
        elif name.startswith("--") and len(name) > 2:
            yield from (action for option, action in named.items() if option.startswith(name))
