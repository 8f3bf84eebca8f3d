"""I/O: what a folder holds of a repository: a revision and files that were chosen once, and how far they have come."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig
from services.training.data.hub.interfaces import HubFile, is_commit

STATE = ".visemill"
_NAME = "download.json"
_VERSION = 1


@dataclass(frozen=True)
class Stamp:
    """A file whose bytes were compared with what the hub says of them, and what tells that it is still that file."""

    path: str
    size_bytes: int
    mtime_ns: int

    def is_of(self, path: Path) -> bool:
        """Whether the file is there, and has not been written since."""
        return path.is_file() and stamp_of(path) == self


def stamp_of(path: Path) -> Stamp:
    """Raises OSError."""
    found = path.stat()
    return Stamp(str(path), found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Record:
    """asked: the revision as it was asked for; revision: the commit that it was then. part: what of the repository.
    checked: by name of a file. unpacked: names of zips that lie in the folder as files.
    """

    repository: str
    part: str
    asked: str
    revision: str
    files: tuple[HubFile, ...]
    checked: Mapping[str, Stamp] = field(default_factory=dict)
    unpacked: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not is_commit(self.revision):
            raise ValueError(f"revision {self.revision!r} is no commit in full")


def read_record(folder: Path) -> Record | None:
    """None where there is none. Raises BadConfig DOWNLOAD_RECORD."""
    path = folder / STATE / _NAME
    try:
        return _from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadConfig(
            "DOWNLOAD_RECORD",
            f"{path} cannot be read ({error}): remove it, and the same command begins anew with what is in the cache",
        ) from error


def write_record(folder: Path, record: Record) -> None:
    """Atomic. Raises OSError."""
    fields = dataclasses.asdict(record) | {"version": _VERSION, "unpacked": sorted(record.unpacked)}
    path = folder / STATE / _NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{_NAME}.part")
    part.write_text(json.dumps(fields, indent=1, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _from_json(fields: Mapping[str, Any]) -> Record:
    if fields["version"] != _VERSION:
        raise ValueError(f"version {fields['version']}")
    return Record(
        fields["repository"],
        fields["part"],
        fields["asked"],
        fields["revision"],
        tuple(HubFile(**one) for one in fields["files"]),
        {name: Stamp(**one) for name, one in fields["checked"].items()},
        frozenset(fields["unpacked"]),
    )
