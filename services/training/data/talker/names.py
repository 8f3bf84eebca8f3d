"""PURE: the names of persons, which are folders below a root. Imports no torch."""

from __future__ import annotations

import re

_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}")


def names_of(lines: str) -> tuple[str, ...]:
    """A name a line. Raises ValueError for what is no folder directly below a root."""
    names = tuple(name for name in lines.split("\n") if name)
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"names has {name!r}: a person's folder is 1 to 100 letters (A to Z), digits, '.', '_' and '-', not "
                "beginning with '.'"
            )
    return names
