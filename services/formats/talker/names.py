"""How a person's folder may be called: the same name on every system, and nothing that leads elsewhere. Pure."""

from __future__ import annotations

import re

_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,100}")
FOLDER_NAME = "1 to 100 letters (A to Z), digits, '.', '_' and '-', not beginning with '.'"


def is_folder_name(name: str) -> bool:
    """Whether a folder may be called so on every system: nothing that leads elsewhere."""
    return _NAME.fullmatch(name) is not None
