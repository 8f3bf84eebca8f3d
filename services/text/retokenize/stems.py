"""How the ids of a record's text are called as a file: as they are called already, else by the record's id. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from services.base.store.interface import is_name

FOLDER, NPY = "text_ids", ".npy"
# Below the 255 bytes of file systems, with an ending.
_MOST_BYTES = 200
_NUM_DIGITS = 16


def stem_of(values: Mapping[str, Any]) -> str | None:
    """`a/b` of text_ids/a/b.npy; None for a record whose files can have no name, such as one without an id."""
    for field, folder in (("text_ids_path", FOLDER), ("codes_path", "codes")):
        path = values.get(field)
        if isinstance(path, str) and path.endswith(NPY):
            _, found, inside = f"/{path}".rpartition(f"/{folder}/")
            if found and is_name(inside):
                return inside.removesuffix(NPY)
    given = values.get("id")
    key = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if not is_name(key):
        return None
    if len(key.encode()) <= _MOST_BYTES:
        return key
    digits = hashlib.sha256(key.encode()).hexdigest()[:_NUM_DIGITS]
    kept = key.rpartition("/")[2].encode()[: _MOST_BYTES - _NUM_DIGITS - 1].decode(errors="ignore")
    return f"{kept}-{digits}"
