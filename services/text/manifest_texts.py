"""Manifests of this machine, of a store and from standard input, read a record at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from services.base.errors import BadConfig
from services.base.store.by_digest import is_uri
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.formats.manifests import BadLine, Record, format_of, read_manifest

STANDARD_INPUT = "-"
_PIECE_BYTES = 1 << 20
# One request each: of a store, larger ones cost less.
_REMOTE_PIECE_BYTES = 8 << 20


def records_of(name: str, flag: str) -> Iterator[Record | BadLine]:
    """Records of a manifest: a path, a URI such as s3://bucket/train.jsonl, or `-`, JSON lines on standard input.

    flag: what named it, for messages. Raises BadConfig NOT_READABLE or BAD_MANIFEST, and as a store does.
    """
    return read_manifest(pieces_of(name, flag), "jsonl" if name == STANDARD_INPUT else format_of(name))


def pieces_of(name: str, flag: str) -> Iterator[bytes]:
    """The bytes of a manifest, in order."""
    if name == STANDARD_INPUT:
        yield from _read(sys.stdin.buffer)
    elif is_uri(name):
        yield from _fetched(name, flag)
    else:
        try:
            with Path(name).expanduser().open("rb") as file:
                yield from _read(file)
        except OSError as error:
            raise BadConfig("NOT_READABLE", f"{flag} {name} cannot be read: {error.strerror}") from error


def _read(file: BinaryIO) -> Iterator[bytes]:
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
