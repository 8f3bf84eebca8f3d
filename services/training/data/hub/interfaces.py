"""PURE: what the parts of a download are to each other: files as the hub describes them, and who is shown it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Protocol

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_GIT_ID = _COMMIT


def is_commit(revision: str) -> bool:
    """Whether it names a commit in full, and so the same files for ever; not so a branch or a tag."""
    return _COMMIT.fullmatch(revision) is not None


@dataclass(frozen=True)
class HubFile:
    """name: in the repository, `/`-separated. sha256: of a file in Git LFS, else empty. git_id: of a file that git
    itself holds, the sha1 of `blob SIZE`, a zero byte and its bytes; else empty. Raises ValueError for what cannot be.
    """

    name: str
    size_bytes: int
    sha256: str = ""
    git_id: str = ""

    def __post_init__(self) -> None:
        path = PurePosixPath(self.name)
        if str(path) != self.name or path.is_absolute() or ".." in path.parts or "\\" in self.name:
            raise ValueError(f"{self.name!r} is no name of a file below a folder")
        known = _SHA256.fullmatch(self.sha256) if self.sha256 else _GIT_ID.fullmatch(self.git_id)
        if known is None or self.size_bytes < 0:
            raise ValueError(f"{self.name} has neither a sha256 nor an id of git, or no size: {self}")

    @property
    def identity(self) -> str:
        """Of its bytes: the hub's cache keeps it under this name."""
        return self.sha256 or self.git_id

    def hasher(self) -> Any:
        """What is updated with its bytes, and then has the identity as its hexdigest()."""
        if self.sha256:
            return hashlib.sha256()
        # Git's own name of the content, no signature.
        return hashlib.sha1(b"blob %d\0" % self.size_bytes, usedforsecurity=False)


class Listing(NamedTuple):
    """revision: the commit."""

    revision: str
    files: Sequence[HubFile]


Choice = Callable[[Sequence[str]], Sequence[str]]
"""From the names of all files of a repository to those that are wanted. Raises BadConfig where they are not there."""

Counted = Callable[[int], None]
"""Told how many bytes have been gone through, of all of them."""


class Watch(Protocol):
    """Shows what is done."""

    def say(self, text: str) -> None:
        """A line that stays."""
        ...

    def waiting(self, doing: str) -> AbstractContextManager[object]:
        """While something is waited for of which nothing can be counted."""
        ...

    def phase(self, doing: str, total_bytes: int, num_bytes: int) -> AbstractContextManager[Counted]:
        """Work on so many bytes, of which num_bytes are done."""
        ...
