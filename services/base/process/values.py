"""Values from outside into the frozen dataclasses that they configure: of a mapping, of an environment, one at a time.

One library checks them (pydantic-core, the engine of pydantic: see docs/decisions); the words of a refusal are ours.
It is loaded for the first value that is not plainly of its field's type: most processes start without it.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

from services.base.errors import BadConfig

if TYPE_CHECKING:
    from pydantic_core import CoreSchema, SchemaValidator

PREFIX = "VISEMILL_"
_SCALARS = (bool, int, float, str)
# Beginning of the library's name for an error -> the rule.
_RULES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a finite number",
    "finite": "a finite number",
    "string": "text",
    "list": "a list of texts",
}


def schema_of(hint: Any) -> CoreSchema:
    """What the library checks of a value of this type; of others than scalars, choices and lists of texts, nothing."""
    from pydantic_core import core_schema

    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    scalars: Mapping[type, Callable[[], CoreSchema]] = {
        bool: core_schema.bool_schema,
        int: core_schema.int_schema,
        float: lambda: core_schema.float_schema(allow_inf_nan=False),
        str: core_schema.str_schema,
    }
    if hint in scalars:
        return scalars[hint]()
    if typing.get_origin(hint) is typing.Literal:
        return core_schema.literal_schema(list(typing.get_args(hint)))
    if hint == list[str]:
        return core_schema.list_schema(core_schema.str_schema())
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
        # A number with or without a fraction is a number.
        kinds = [float] if set(kinds) == {int, float} else kinds
        schema = schema_of(kinds[0]) if len(kinds) == 1 else core_schema.any_schema()
        return core_schema.nullable_schema(schema) if types.NoneType in typing.get_args(hint) else schema
    return core_schema.any_schema()


def checked_value(hint: Any, value: object, named: str) -> Any:
    """The value as a field of this type holds it. named: how a message calls it. Raises BadConfig BAD_SETTING."""
    return _checked(hint, value, named)


def checked(config: type, values: Mapping[str, object], named: Callable[[str], str]) -> dict[str, Any]:
    """The values as the fields of a dataclass hold them. named: from a field's name to what a message calls it.

    Raises BadConfig BAD_SETTING; KeyError for a field that the class does not have.
    """
    fields = _fields(cast("Hashable", config))
    return {name: _checked(fields[name], value, named(name)) for name, value in values.items()}


def made(config: type, values: Mapping[str, Any], why: str = "") -> Any:
    """The dataclass of these values. why: added to the message of one that it refuses. Raises BadConfig BAD_SETTING."""
    try:
        return config(**values)
    except (TypeError, ValueError) as error:
        raise BadConfig("BAD_SETTING", f"{error}{why}") from error


def variable_of(field: str) -> tuple[str, ...]:
    """VISEMILL_<FIELD>."""
    return (PREFIX + field.upper(),)


def from_environment(
    config: type,
    environment: Mapping[str, str],
    given: Mapping[str, object] | None = None,
    variables_of: Callable[[str], Sequence[str]] = variable_of,
) -> Any:
    """A dataclass whose fields variables set; one that is empty counts as not set, and others are ignored.

    The variables of a field are those of its metadata's `env`, the first that is set counts; else those of its name.
    given: values that win over the environment, by the field's name; None is none. Raises BadConfig that names the
    variable or the rule.
    """
    values = {name: value for name, value in (given or {}).items() if value is not None}
    found = checked(config, values, lambda name: f"--{name.replace('_', '-')}")
    fields = _fields(cast("Hashable", config))
    for field in dataclasses.fields(config):
        names = field.metadata.get("env", variables_of(field.name))
        name = next((name for name in names if environment.get(name, "").strip()), "")
        if name and field.name not in found:
            text = environment[name].strip()
            found[field.name] = _checked(fields[field.name], text, f"{name}={text!r}", is_text=True)
    return made(config, found)


def is_plain(hint: Any, value: object) -> bool:
    """Whether a value is of this type as it stands, to the library too. Of what says no the library decides."""
    origin, kinds = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return type(value) is str and value in kinds
    if isinstance(hint, types.UnionType) or origin is typing.Union:
        others = [kind for kind in kinds if kind is not types.NoneType]
        return (value is None and len(others) < len(kinds)) or (len(others) == 1 and is_plain(others[0], value))
    if hint not in _SCALARS:
        # Of which nothing is checked; of lists of texts each text is.
        return bool(hint != list[str])
    if type(value) is not hint:
        return False
    if isinstance(value, str):
        # Others may not be encodable.
        return value.isascii()
    return type(value) in (bool, int) or (isinstance(value, float) and math.isfinite(value))


def _checked(hint: Any, value: object, named: str, *, is_text: bool = False) -> Any:
    """is_text: the value is its text, which the message's name for it shows already."""
    if typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    if is_plain(hint, value):
        return value
    from pydantic_core import ValidationError

    try:
        return _validator(hint).validate_python(value, strict=not is_text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        rule = _RULES.get(first["type"].partition("_")[0], "")
        if first["type"] == "literal_error":
            expected = first["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
            # An empty one is that of a flag that was not given.
            rule = f"one of {expected.removeprefix(', ')}"
        not_this = "" if is_text else f", not {value!r}"
        raise BadConfig("BAD_SETTING", f"{named} must be {rule or first['msg']}{not_this}") from None


@functools.cache
def _validator(hint: Hashable) -> SchemaValidator:
    from pydantic_core import SchemaValidator

    return SchemaValidator(schema_of(hint))


@functools.cache
def _fields(config: Hashable) -> dict[str, Any]:
    """The type of each field."""
    assert isinstance(config, type)
    hints = typing.get_type_hints(config, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(config)}
