"""What splits have in common: contents, which makes scores worthless, and speakers, which is to be known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class SplitClip(NamedTuple):
    """content: a digest of its frames."""

    key: str
    split: str
    speaker: str
    content: bytes


def shared_contents(clips: Iterable[SplitClip]) -> list[str]:
    """Of each content that stands in two splits or more, its clips in words; in the order in which they came."""
    first: dict[bytes, str] = {}
    leaking: dict[bytes, list[SplitClip]] = {}
    clips = list(clips)
    for clip in clips:
        if first.setdefault(clip.content, clip.split) != clip.split:
            leaking[clip.content] = []
    for clip in clips if leaking else ():
        if clip.content in leaking:
            leaking[clip.content].append(clip)
    return [" = ".join(f"{clip.key} ({clip.split})" for clip in same) for same in leaking.values()]


def shared_speakers(speakers_of: Mapping[str, Sequence[str]]) -> list[str]:
    """A note for each two splits that have speakers in common. speakers_of: by split."""
    notes = []
    names = {split: set(speakers) for split, speakers in speakers_of.items()}
    splits = list(names)
    for i, one in enumerate(splits):
        for other in splits[i + 1 :]:
            common = sorted(names[one] & names[other])
            if common:
                shown = ", ".join(common[:5]) + (" and others" if len(common) > 5 else "")
                notes.append(f"{len(common)} speakers of {other} are in {one} too: {shown}")
    return notes
