"""PURE: the names of persons, which are folders below a root. Imports no torch."""

from __future__ import annotations

from services.formats.talker.names import FOLDER_NAME, is_folder_name


def names_of(lines: str) -> tuple[str, ...]:
    """A name a line. Raises ValueError for what is no folder directly below a root."""
    names = tuple(name for name in lines.split("\n") if name)
    for name in names:
        if not is_folder_name(name):
            raise ValueError(f"names has {name!r}: a person's folder is {FOLDER_NAME}")
    return names
