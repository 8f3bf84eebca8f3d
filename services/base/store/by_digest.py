"""A file of a store, such as a network's weights, on this machine: fetched once, and known by its digest."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from services.base.errors import BadConfig
from services.base.store.interface import NotThere
from services.base.store.open import open_store


def is_uri(text: str) -> bool:
    """Whether a text names a file of a store, `s3://bucket/name` or `file:///path`, and no path."""
    return "://" in text


def fetched(uri: str, sha256: str, folder: Path) -> Path:
    """The file, of which a copy is kept in the folder; read in pieces, never whole in memory.

    sha256: hex, what it must be: a name in a store may hold other bytes tomorrow. Raises BadConfig MODEL_NOT_PINNED,
    MODEL_MISSING, MODEL_CHANGED, or as the store does.
    """
    if not sha256:
        raise BadConfig(
            "MODEL_NOT_PINNED", f"{uri} is a file of a store, which may change: give the sha256 that it must have, too"
        )
    root, _, name = uri.rpartition("/")
    kept = folder / f"{sha256[:32]}-{name}"
    if kept.is_file():
        return kept
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name[:64]}.")
    except OSError as error:
        raise BadConfig(
            "MODEL_DIRECTORY", f"{folder} cannot hold models ({error}): set XDG_CACHE_HOME to a writable folder"
        ) from error
    os.close(number)
    try:
        try:
            open_store(root).fetch(name, Path(temporary))
        except NotThere as error:
            raise BadConfig("MODEL_MISSING", f"{uri} is not there: give the place of the file") from error
        if (found := sha256_in_pieces(Path(temporary))) != sha256:
            raise BadConfig("MODEL_CHANGED", f"{uri} has sha256 {found}, and {sha256} is asked for: get the right file")
        Path(temporary).replace(kept)
    finally:
        with contextlib.suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
    return kept


def sha256_in_pieces(path: Path) -> str:
    """sha256 (hex) of a file of any size. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where fetched files are kept: the user's cache, or where there is no home, a folder of temporary files."""
    # Path.home raises where a container's user has none; this one answers.
    cache = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    if not Path(cache).is_absolute():
        cache = tempfile.gettempdir()
    return Path(cache) / "visemill" / "models" / "by-digest"
