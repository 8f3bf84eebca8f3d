"""Paths in a manifest that moves to another folder. Pure: what exists is asked of a callable."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from services.base.store.names import is_absolute, normal

_MEDIA = ("audio", "audio_path")


def relative(path: str, folder: str) -> str:
    """An absolute path or URI as a manifest in `folder` names it; absolute where they share no root."""
    root, inside = _split(path)
    other, start = _split(folder)
    return posixpath.relpath(inside, start) if root == other else path


def _split(path: str) -> tuple[str, str]:
    """("s3://bucket", "/name") or ("", "/path")."""
    scheme, found, rest = path.partition("://")
    if not found:
        return "", path
    bucket, _, name = rest.partition("/")
    return f"{scheme}://{bucket}", f"/{name}"


def place_of(path: str, folders: tuple[str, ...], exists: Callable[[str], bool]) -> str | None:
    """Where a path of a manifest leads: the first of these folders in which it exists; None for nowhere."""
    if is_absolute(path):
        return path if exists(path) else None
    return next((place for folder in folders if exists(place := normal(f"{folder}/{path}"))), None)


def moved(
    values: Mapping[str, Any], folders: tuple[str, ...], to: str, exists: Callable[[str], bool]
) -> dict[str, str]:
    """The paths of a record that must change so that they resolve from the folder `to`: field -> path.

    Fields: those whose name ends in `_path`, and `audio`. folders: where its paths are looked for, the manifest's own
    first. A path that leads nowhere is taken to be below the manifest's folder; one of media stays as it is, for it may
    be named from a folder that is not known here.
    """
    if folders == (to,):
        return {}
    changed = {}
    for name, path in values.items():
        if not (name.endswith("_path") or name in _MEDIA) or not isinstance(path, str) or not path or is_absolute(path):
            continue
        place = place_of(path, folders, exists)
        if place is None and name in _MEDIA:
            continue
        if place is None:
            place = normal(f"{folders[0]}/{path}")
        if place != normal(f"{to}/{path}"):
            changed[name] = relative(place, to)
    return changed
