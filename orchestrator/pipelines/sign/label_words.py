"""How names are listed in messages about labels: the first few, and how many more there are. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 3


def few(names: Sequence[str]) -> str:
    """The first names in quotes, and the number of the others."""
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def such_as(names: Sequence[str], what: str) -> tuple[str, ...]:
    """A note of how many are what, and the first of them; none where there is none."""
    return (f"{len(names)} {what}, such as {few(names[:_SHOWN])}",) if names else ()
