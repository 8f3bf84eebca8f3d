"""Manifests of this machine, of a store and from standard input, read a record at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from services.base.store.named_file import pieces_of, pieces_of_stream
from services.formats.manifests import BadLine, Record, format_of, read_manifest

STANDARD_INPUT = "-"


def records_of(name: str, flag: str) -> Iterator[Record | BadLine]:
    """Records of a manifest: a path, a URI such as s3://bucket/train.jsonl, or `-`, JSON lines on standard input.

    flag: what named it, for messages. Raises BadConfig NOT_READABLE or BAD_MANIFEST, and as a store does.
    """
    if name == STANDARD_INPUT:
        return read_manifest(pieces_of_stream(sys.stdin.buffer), "jsonl")
    return read_manifest(pieces_of(name, flag), format_of(name))
