"""PURE: what an `inspect` command describes, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_text(described: Mapping[str, Any], indent: str = "") -> str:
    """A fact a line; what is nested below its name, indented."""
    lines = []
    for name, value in described.items():
        if isinstance(value, Mapping):
            lines += [f"{indent}{name}:", as_text(value, indent + "  ").rstrip("\n")]
        else:
            lines.append(f"{indent}{name}: {value}")
    return "\n".join(lines) + "\n"
