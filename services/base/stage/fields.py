"""What a field of a config says beside its type: help, flag, unit, what its text names, and which setting it sets."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, cast


@dataclass(frozen=True)
class FileOrName:
    """Marks a text that names a file of the user's; one of `names` stands for something else and wins over a file."""

    names: tuple[str, ...] = ()

    def file_of(self, value: object) -> str:
        """The file that the value names; empty where it names none."""
        text = str(value or "")
        return "" if text in self.names else text


@dataclass(frozen=True)
class Server:
    """Marks a text that is the HOST:PORT of a server."""


FileRef = Annotated[str, FileOrName()]
Address = Annotated[str, Server()]

_METAVARS = {FileOrName: "FILE", Server: "HOST:PORT"}


@dataclass(frozen=True)
class ConfigField:
    """A field of a config, read.

    kind: bool, int, float or str. choices: the values that it may have, where these are few. names: what its text
    names. is_switch: a flag that is given or not, and has no --no-… beside it. unit: such as px; empty for a count or
    a text. is_several: a text of which the flag takes several, one a line in the value. sets: (config class of a
    stage, field) that take its value. aliases: other spellings of its flag.
    """

    name: str
    kind: type
    default: Any
    help: str = ""
    choices: tuple[str, ...] = ()
    names: FileOrName | Server | None = None
    group: str = ""
    unit: str = ""
    metavar: str | None = None
    aliases: tuple[str, ...] = ()
    is_switch: bool = False
    is_hidden: bool = False
    is_several: bool = False
    sets: tuple[tuple[type, str], ...] = ()

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"


def option(
    default: Any,
    text: str,
    *,
    group: str,
    choices: Iterable[str] = (),
    unit: str = "",
    metavar: str = "",
    aliases: tuple[str, ...] = (),
    hidden: bool = False,
    several: bool = False,
    sets: tuple[tuple[type, str], ...] = (),
) -> Any:
    """A field of a pipeline's options. The other arguments: as of ConfigField; text: its help."""
    metadata = {
        "help": text,
        "group": group,
        "choices": tuple(choices),
        "unit": unit,
        "metavar": metavar or None,
        "aliases": aliases,
        "hidden": hidden,
        "switch": default is False,
        "several": several,
        "sets": sets,
    }
    return dataclasses.field(default=default, metadata=metadata)


def stage_option(config: type, name: str, text: str, *, also: tuple[tuple[type, str], ...] = (), **facts: Any) -> Any:
    """As option, for a setting of a stage, whose default it has. also: fields of other configs that take its value."""
    default = next(field.default for field in dataclasses.fields(config) if field.name == name)
    return option(default, text, sets=((config, name), *also), **facts)


def fields_of(config: type) -> tuple[ConfigField, ...]:
    """The fields of a frozen dataclass whose types are scalar, in order."""
    return _fields_of(cast("Hashable", config))


@functools.cache
def _fields_of(config: Hashable) -> tuple[ConfigField, ...]:
    assert isinstance(config, type)
    assert dataclasses.is_dataclass(config)
    hints = typing.get_type_hints(config, include_extras=True)
    return tuple(_read(field, hints[field.name]) for field in dataclasses.fields(config))


def _read(field: dataclasses.Field[Any], hint: Any) -> ConfigField:
    marks = [mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, FileOrName | Server)]
    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        hint = next(kind for kind in typing.get_args(hint) if kind is not type(None))
    choices = tuple(field.metadata.get("choices", ()))
    if typing.get_origin(hint) is typing.Literal:
        # An empty one is that of a flag that was not given.
        choices, hint = tuple(value for value in typing.get_args(hint) if value != ""), str
    names = marks[0] if marks else None
    metavar = field.metadata.get("metavar") or (_METAVARS[type(names)] if names else None)
    if isinstance(names, FileOrName) and names.names:
        metavar = "FILE|NAME"
    return ConfigField(
        field.name,
        hint,
        field.default,
        field.metadata.get("help", ""),
        choices,
        names,
        field.metadata.get("group", ""),
        field.metadata.get("unit", ""),
        metavar,
        tuple(field.metadata.get("aliases", ())),
        bool(field.metadata.get("switch", False)),
        bool(field.metadata.get("hidden", False)),
        bool(field.metadata.get("several", False)),
        tuple(field.metadata.get("sets", ())),
    )


def settings_for(config: type, options: Any) -> dict[str, Any]:
    """What the options' fields set of a stage's config, by the config's own names."""
    return {
        name: getattr(options, field.name)
        for field in fields_of(type(options))
        for sets, name in field.sets
        if sets is config
    }


def given_of(config: Any) -> dict[str, Any]:
    """What differs from the defaults, by the fields' names."""
    values = {field.name: (getattr(config, field.name), field.default) for field in fields_of(type(config))}
    return {name: value for name, (value, default) in values.items() if value != default}


def with_files(config: Any, change: Callable[[str], str]) -> Any:
    """The same config with the files that it names changed, such as to their absolute paths."""
    named = ((field.name, field.names) for field in fields_of(type(config)))
    files = {name: mark.file_of(getattr(config, name)) for name, mark in named if isinstance(mark, FileOrName)}
    return dataclasses.replace(config, **{name: change(file) for name, file in files.items() if file})
