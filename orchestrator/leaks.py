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


def raise_if_leaking(leaks: Sequence[Leak], state_uri: str) -> None:
    """Raises BadConfig CONTENT_LEAK, naming the first three. state_uri: where the run's landmarks lie."""
    if leaks:
        shown = "; ".join(str(leak) for leak in leaks[:3])
        raise BadConfig(
            "CONTENT_LEAK",
            f"the same video stands in two splits, {len(leaks)} times: {shown}: nothing was published. "
            "Remove one of each or change the split, then begin a new run in a new --output-root "
            f"(with --state-root {state_uri} the landmarks are found made)",
        )
