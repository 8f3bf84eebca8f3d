"""Whether the same content is in two splits. Pure; asked when the content has been read, before a run publishes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.base.errors import BadConfig


class HashedClip(NamedTuple):
    """A clip's key, its split, and the digest of its media's bytes."""

    key: str
    split: str
    sha256: str


class Leak(NamedTuple):
    """Clips of one content, in more than one split; sorted by split and key."""

    sha256: str
    clips: tuple[HashedClip, ...]

    def __str__(self) -> str:
        return " = ".join(f"{clip.key} ({clip.split})" for clip in self.clips)


def content_leaks(clips: Iterable[tuple[str, str, str]]) -> list[Leak]:
    """Each content that occurs in more than one split, sorted by digest. clips: (key, split, sha256)."""
    leaks = []
    for sha256, same in itertools.groupby(
        sorted(clips, key=lambda row: (row[2], row[1], row[0])), key=lambda row: row[2]
    ):
        group = tuple(HashedClip(*row) for row in same)
        if group[0].split != group[-1].split:
            leaks.append(Leak(sha256, group))
    return leaks


def raise_if_leaking(leaks: Sequence[Leak]) -> None:
    """Raises BadConfig, naming the first three."""
    if leaks:
        shown = "; ".join(str(leak) for leak in leaks[:3])
        more = f"; and {len(leaks) - 3} more" if len(leaks) > 3 else ""
        raise BadConfig(
            "CONTENT_IN_TWO_SPLITS",
            f"the same media is in two splits: {shown}{more}. Delete the copies or exclude their speakers; plan again",
        )
