"""Whether the same content is in two splits. Pure; asked when the content has been read, before a run publishes."""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from orchestrator.runs.commits.packed import PackedLines
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


Hashed = tuple[str, str, str]
"""A clip's key, split and sha256."""


def content_leaks(clips: Iterable[Hashed] | Callable[[], Iterable[Hashed]]) -> list[Leak]:
    """Each content that occurs in more than one split, sorted by digest.

    clips: or what gives them, each time that it is called: then they are gone through twice and not held, but for nine
    bytes a clip.
    """
    if callable(clips):
        leaking = _in_several_splits(clips())
        clips = (row for row in clips() if _short(row[2]) in leaking) if leaking else ()
    leaks = []
    for sha256, same in itertools.groupby(
        sorted(clips, key=lambda row: (row[2], row[1], row[0])), key=lambda row: row[2]
    ):
        group = tuple(HashedClip(*row) for row in same)
        if group[0].split != group[-1].split:
            leaks.append(Leak(sha256, group))
    return leaks


def _in_several_splits(clips: Iterable[Hashed]) -> set[bytes]:
    """What is short of each content of several splits; another content that is alike in that may be among them."""
    shorts, splits = bytearray(), bytearray()
    numbers: dict[str, int] = {}
    for _, split, sha256 in clips:
        shorts += _short(sha256)
        splits.append(numbers.setdefault(split, len(numbers)))
    if len(numbers) < 2:
        return set()
    short_N, split_N = np.frombuffer(shorts, np.uint64), np.frombuffer(splits, np.uint8)
    order = np.argsort(short_N)
    short_N, split_N = short_N[order], split_N[order]
    starts = np.flatnonzero(np.concatenate(([True], short_N[1:] != short_N[:-1])))
    several = np.minimum.reduceat(split_N, starts) != np.maximum.reduceat(split_N, starts)
    return {value.tobytes() for value in short_N[starts[several]]}


def _short(sha256: str) -> bytes:
    """8 bytes that are alike where the digests are."""
    return hashlib.blake2b(sha256.encode(), digest_size=8).digest()


def frames_of(line: Mapping[str, Any]) -> str:
    """The digest of a clip's decoded frames that its quality facts hold; empty without one."""
    return str(line.get("frames_sha256") or (line.get("decode") or {}).get("frames_sha256") or "")


def frame_leaks(quality: Sequence[Mapping[str, Any]]) -> list[Leak]:
    """Each video whose decoded frames occur in more than one split, in whatever container. quality: a line a clip."""

    def known() -> Iterator[Hashed]:
        for line in quality:
            if sha256 := frames_of(line):
                yield str(line["key"]), sys.intern(str(line["split"])), sha256

    return content_leaks(known)


def unreported(leaks: Iterable[Leak], reported: Iterable[Leak]) -> list[Leak]:
    """Those of other clips than the ones told already: the same bytes are the same frames."""
    known = {leak.keys for leak in reported}
    return [leak for leak in leaks if leak.keys not in known]


def with_other_words(quality: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The same lines; those of one video under several transcripts with the flag OTHER_WORDS."""
    first: dict[bytes, str] = {}
    odd = {
        sha256
        for line in quality
        if (sha256 := _spoken(line))
        and first.setdefault(sha256, sys.intern(str(line["transcript"]))) != line["transcript"]
    }
    if not odd:
        return quality
    flagged = (
        {**line, "flags": sorted({*line["flags"], OTHER_WORDS})} if _spoken(line) in odd else line for line in quality
    )
    return PackedLines(flagged) if isinstance(quality, PackedLines) else list(flagged)


def _spoken(line: Mapping[str, Any]) -> bytes:
    """The digest of a clip's frames; empty where it, or what is said, is not known."""
    return frames_of(line).encode() if "transcript" in line else b""


def raise_if_leaking(leaks: Sequence[Leak], state_uri: str) -> None:
    """Raises BadConfig CONTENT_LEAK, naming the first three. state_uri: where the run's artifacts lie."""
    if leaks:
        raise BadConfig(
            "CONTENT_LEAK",
            f"{_in_words(leaks)}: nothing was published. "
            "Remove one of each or change the split, then begin a new run in a new --output-root "
            f"(with --state-root {state_uri} the artifacts are reused)",
        )


def leak_notes(leaks: Sequence[Leak]) -> list[str]:
    """What the user of a run that reports them should hear."""
    return [f"{_in_words(leaks)}: metrics on one split know clips of the other"] if leaks else []


def _in_words(leaks: Sequence[Leak]) -> str:
    return f"the same content stands in two splits, {len(leaks)} times: " + "; ".join(str(leak) for leak in leaks[:3])
