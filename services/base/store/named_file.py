"""A single file that a user names, by its path or its URI: read in pieces, and written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from services.base.errors import BadConfig
from services.base.store.by_digest import is_uri
from services.base.store.interface import NotThere, Upload
from services.base.store.names import normal
from services.base.store.open import open_store
from services.base.store.roots import absolute

_PIECE_BYTES = 1 << 20
# One request each: of a store, larger ones cost less.
_REMOTE_PIECE_BYTES = 8 << 20


def pieces_of(file: str, flag: str) -> Iterator[bytes]:
    """Its bytes, in order. flag: what named it, for messages. Raises BadConfig NOT_READABLE, and as a store does."""
    if is_uri(file):
        yield from _fetched(file, flag)
        return
    try:
        with Path(file).expanduser().open("rb") as opened:
            yield from pieces_of_stream(opened)
    except OSError as error:
        raise BadConfig("NOT_READABLE", f"{flag} {file} cannot be read: {error.strerror}") from error


def pieces_of_stream(file: BinaryIO) -> Iterator[bytes]:
    """Of a file that is open, such as standard input."""
    while piece := file.read(_PIECE_BYTES):
        yield piece


def _fetched(uri: str, flag: str) -> Iterator[bytes]:
    root, _, name = uri.rpartition("/")
    store, offset = open_store(root), 0
    try:
        while piece := store.read(name, offset, _REMOTE_PIECE_BYTES):
            yield piece
            offset += len(piece)
    except NotThere as error:
        raise BadConfig("NOT_READABLE", f"{flag} {uri} is not there: name another file") from error


def size_bytes_of(file: str) -> int:
    """0 for one that is not there."""
    if not is_uri(file):
        path = Path(file).expanduser()
        return path.stat().st_size if path.is_file() else 0
    root, _, name = file.rpartition("/")
    entry = open_store(root).stat(name)
    return entry.size_bytes if entry else 0


def upload_of(file: str) -> Upload:
    """A file to write, of which nothing is seen before its commit."""
    root, _, name = absolute(file).rpartition("/")
    return open_store(root or "/").upload(name)


def folder_of(file: str) -> str:
    """Absolute, and without links on this machine, so that `..` leads where it says."""
    return real_folder(absolute(file).rpartition("/")[0] or "/")


def real_folder(folder: str) -> str:
    """Likewise, of a folder."""
    return normal(folder) if is_uri(folder) else os.path.realpath(Path(folder).expanduser())


def is_there(file: str) -> bool:
    """Whether an absolute path is there; a file of a store is taken to be."""
    return is_uri(file) or os.path.exists(file)  # noqa: PTH110 - asked of millions
