"""The output files of a shard as a file of their own: sorted JSON lines, whose digest stands for them. Pure.

A shard of few files names them in its commit; of many, its commit holds the digest of their listing alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.base.digest import canonical_json

# Of a shard with more files the commit has the listing's digest instead.
MOST_INLINE = 1000


@dataclass(frozen=True)
class Listing:
    """What a commit says of the listing of its files. sha256: of its bytes. output_bytes: of all files together."""

    sha256: str
    num_files: int
    output_bytes: int

    @classmethod
    def of(cls, outputs: Mapping[str, Mapping[str, Any]]) -> Listing:
        """outputs: file name -> {"sha256", "size_bytes", "num_records"}."""
        digest = hashlib.sha256()
        for line in listing_lines(outputs):
            digest.update(line)
        return cls(digest.hexdigest(), len(outputs), sum(int(facts["size_bytes"]) for facts in outputs.values()))


def listing_lines(outputs: Mapping[str, Mapping[str, Any]]) -> Iterator[bytes]:
    """A line a file, by name in the order of its UTF-8 bytes."""
    for name in sorted(outputs, key=str.encode):
        yield (canonical_json({"name": name, **outputs[name]}) + "\n").encode()


def file_of_line(line: bytes) -> tuple[str, dict[str, Any]]:
    """(name, facts) of a line. Raises ValueError, KeyError or TypeError for anything else."""
    facts: dict[str, Any] = json.loads(line)
    return facts.pop("name"), facts
