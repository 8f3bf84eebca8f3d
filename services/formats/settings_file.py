"""PURE: a file of settings, in YAML or JSON: one mapping, and where each of its values stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

MAX_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Setting:
    """A value as it is written. line: of its key, from 1. text: a number or a word as it stands there; None for another
    kind of value.
    """

    value: Any
    line: int
    text: str | None = None


class _Loader(yaml.SafeLoader):
    """Numbers such as 1e-3 are numbers, as in JSON; a date is a text that looks like one."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def settings_in(text: str) -> dict[str, Setting]:
    """The settings by their keys. Raises ValueError, which says where, for what is no mapping with a text for each key,
    for a key that stands there twice, and for more than MAX_CHARACTERS.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"it has {len(text)} characters, a file of settings at most {MAX_CHARACTERS}")
    # JSON may be indented by tabs, which YAML may not be.
    is_json = text.lstrip().startswith("{")
    loader = _Loader(text.replace("\t", " ") if is_json else text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise ValueError("it must be a mapping, a line `key: value` for each setting")
        found: dict[str, Setting] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None:
                raise ValueError(f"line {line}: a key must be a name")
            if name in found:
                raise ValueError(f"line {line}: the key {name} is in line {found[name].line} too, 2 times: keep one")
            shown = value.value if isinstance(value, yaml.ScalarNode) else None
            found[name] = Setting(loader.construct_object(value, deep=True), line, shown)
    except yaml.YAMLError as error:
        raise ValueError(f"not {'JSON' if is_json else 'YAML'}: {error}") from error
    except RecursionError as error:
        raise ValueError("its values lie too deep within one another") from error
    finally:
        loader.dispose()
    try:
        # Texts of JSON may hold escapes that YAML reads otherwise; a flow mapping of YAML is no JSON.
        values = json.loads(text) if is_json else {}
    except ValueError:
        return found
    return {name: Setting(values.get(name, one.value), one.line, one.text) for name, one in found.items()}
