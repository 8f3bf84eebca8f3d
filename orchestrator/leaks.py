"""Whether the same content is in two splits. Pure; asked when the content has been read, before a run publishes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.base.errors import BadConfig

OTHER_WORDS = "SAME_VIDEO_OTHER_WORDS"
"""The flag of clips that show the same frames under different transcripts."""


class HashedClip(NamedTuple):
    """A clip's key, its split, and the digest of its media's bytes or of its decoded frames."""

    key: str
    split: str
    sha256: str


class Leak(NamedTuple):
    """Clips of one content, in more than one split; sorted by split and key."""

    sha256: str
    clips: tuple[HashedClip, ...]

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(clip.key for clip in self.clips)

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


def frames_of(line: Mapping[str, Any]) -> str:
    """The digest of a clip's decoded frames that its quality facts hold; empty without one."""
    return str(line.get("frames_sha256") or (line.get("decode") or {}).get("frames_sha256") or "")


def frame_leaks(quality: Iterable[Mapping[str, Any]]) -> list[Leak]:
    """Each video whose decoded frames occur in more than one split, in whatever container. quality: a line a clip."""
    known = ((line, sha256) for line in quality if (sha256 := frames_of(line)))
    return content_leaks((str(line["key"]), str(line["split"]), sha256) for line, sha256 in known)


def with_other_words(quality: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The same lines; those of one video under several transcripts with the flag OTHER_WORDS."""
    texts: dict[str, set[str]] = {}
    for line, sha256 in _spoken(quality):
        texts.setdefault(sha256, set()).add(str(line["transcript"]))
    odd = {id(line) for line, sha256 in _spoken(quality) if len(texts[sha256]) > 1}
    return [{**line, "flags": sorted({*line["flags"], OTHER_WORDS})} if id(line) in odd else line for line in quality]


def _spoken(quality: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for line in quality:
        sha256 = frames_of(line)
        if sha256 and "transcript" in line:
            yield line, sha256


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
