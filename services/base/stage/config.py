"""A stage's config: from plain values, from flags, and as flags."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from services.base.errors import BadConfig
from services.base.process.values import checked, made
from services.base.stage.fields import fields_of


def config_from_mapping(config: type, values: Mapping[str, Any]) -> Any:
    """The config dataclass from plain values. Raises BadConfig for a name or a value it does not take."""
    known = {f.name for f in dataclasses.fields(config)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise BadConfig(
            "UNKNOWN_SETTING", f"{config.__name__} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}"
        )
    typed = checked(config, values, lambda name: f"{config.__name__}'s {name}")
    for field in fields_of(config):
        value = typed.get(field.name, field.default)
        if field.choices and value != field.default and value not in field.choices:
            raise BadConfig(
                "BAD_SETTING",
                f"{config.__name__}'s {field.name} must be one of {', '.join(field.choices)}, not {value!r}",
            )
    return made(config, typed)


def json_object(text: str, flag: str) -> dict[str, Any]:
    """The JSON object that a flag gives. Raises BadConfig BAD_FLAGS."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BadConfig("BAD_FLAGS", f"{flag} {text!r} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadConfig("BAD_FLAGS", f"{flag} {text!r} must be a JSON object, {{...}}")
    return value


def stage_configs(text: str, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Settings by stage name, one entry a stage, from the JSON object that --config gives. Raises BadConfig."""
    found, known = json_object(text, "--config"), list(names)
    for name, values in found.items():
        if name not in known:
            # Loaded for a mistake alone: most processes start without it.
            import difflib

            near = difflib.get_close_matches(name, known, 1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise BadConfig("UNKNOWN_STAGE", f"--config names {name!r}, the stages are {', '.join(known)}{hint}")
        if not isinstance(values, dict):
            raise BadConfig("BAD_FLAGS", f"--config of {name} must be an object of settings, not {values!r}")
    return {name: found.get(name, {}) for name in known}


# What stands for the value of a flag, by its unit; the flag's name says other units.
_METAVARS = {"px": "PIXELS", "frames": "FRAMES", "clips": "CLIPS", "0..1": "0..1"}


def add_config_flags(
    parser: argparse.ArgumentParser,
    config: type,
    skip: tuple[str, ...] = (),
    *,
    only: tuple[str, ...] = (),
    group: str = "",
    unset: bool = False,
) -> None:
    """A flag for each field: the name with dashes, its default, and what its metadata says (fields.py).

    skip: fields that the parser has a flag for already. only: of these fields, where any are named. group: heading of
    the flags whose fields name none. unset: a flag that is not given is None, so that an environment may say it.
    """
    groups: dict[str, argparse._ActionsContainer] = {"": parser}
    for field in fields_of(config):
        if field.name in skip or (only and field.name not in only):
            continue
        heading = field.group or group
        if heading not in groups:
            groups[heading] = parser.add_argument_group(heading)
        add = groups[heading].add_argument
        names = (field.flag, *field.aliases)
        given: dict[str, Any] = {"dest": field.name, "default": None if unset else field.default, "help": field.help}
        if field.is_hidden:
            given["help"] = argparse.SUPPRESS
        elif field.kind is not bool and field.default not in (None, "") and not (unset and field.default == 0):
            given["help"] = f"{field.help} (default: {str(field.default).replace('%', '%%')})"
        if field.is_switch:
            add(*names, action="store_true", **given)
        elif field.kind is bool:
            add(*names, action=argparse.BooleanOptionalAction, **given)
        elif field.is_several:
            add(*names, nargs="+", action=_OneALine, metavar=field.metavar, **given)
        elif field.choices:
            add(*names, choices=field.choices, **given)
        else:
            add(*names, type=field.kind, metavar=field.metavar or _METAVARS.get(field.unit), **given)


def config_from_flags(config: type, flags: argparse.Namespace) -> Any:
    """The config dataclass from parsed flags. Raises BadConfig."""
    return config_from_mapping(config, {f.name: getattr(flags, f.name) for f in dataclasses.fields(config)})


def config_from_argv(config: type, argv: Sequence[str], whose: str) -> Any:
    """The config dataclass from its flags, each in full. whose: for messages. Raises BadConfig BAD_FLAGS."""
    parser = _StrictParser(whose)
    add_config_flags(parser, config)
    return config_from_flags(config, parser.parse_args(list(argv)))


def argv_of(config: Any) -> list[str]:
    """The flags that give these values again; those at their default are left out."""
    argv: list[str] = []
    for field in fields_of(type(config)):
        value = getattr(config, field.name)
        if value == field.default:
            continue
        if field.kind is bool:
            argv.append(field.flag if value else f"--no-{field.flag.removeprefix('--')}")
        else:
            argv.append(f"{field.flag}={value}")
    return argv


class _OneALine(argparse.Action):
    """Values of a flag that takes several, and may be given several times."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, flag: str | None = None
    ) -> None:
        del parser, flag
        before = getattr(namespace, self.dest)
        given = [before] if before and before != self.default else []
        setattr(namespace, self.dest, "\n".join([*given, *values]))


class _StrictParser(argparse.ArgumentParser):
    """Takes flags in full only, and raises BadConfig BAD_FLAGS instead of ending the process."""

    def __init__(self, whose: str) -> None:
        super().__init__(prog=whose, add_help=False, allow_abbrev=False, usage=argparse.SUPPRESS)

    def error(self, message: str) -> NoReturn:
        raise BadConfig("BAD_FLAGS", f"{self.prog}: {message}")


def with_dashes(argument: str) -> str:
    """A flag with `-` for `_` in its name, and its value as it is; any other argument as it is."""
    name, equals, value = argument.partition("=")
    return f"{name.replace('_', '-')}{equals}{value}" if name.startswith("--") else argument
