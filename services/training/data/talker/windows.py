"""PURE: the window of sound around a frame, and which frames are held out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

GAP_FRAMES = 16
"""Between what is learnt from and what is held out of one clip: their windows share no row."""

_HELD_OUT_SHARE = 0.1
_FEW_CLIPS = 10
_WHOLE_SHARE = 1 / 6


def held_out_frames(num_frames: int) -> tuple[range, range]:
    """(frames that are learnt from, frames that are held out) of one clip: its last tenth, and a gap before it."""
    num_held = max(1, round(num_frames * _HELD_OUT_SHARE))
    return range(max(0, num_frames - num_held - GAP_FRAMES)), range(num_frames - num_held, num_frames)


def held_out_clips(names: Sequence[str], seed: int) -> frozenset[str]:
    """Whole clips that are held out, of ten clips or more a sixth: those whose names have the least hashes. None of
    fewer.
    """
    if len(names) < _FEW_CLIPS:
        return frozenset()
    ordered = sorted(names, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
    return frozenset(ordered[: round(len(names) * _WHOLE_SHARE)])


def blocks_of(frames: Sequence[int], size: int, least_apart: int, most_apart: int) -> list[tuple[int, ...]]:
    """The frames, dealt out to blocks of `size` that lie some frames apart from each other, so that within a block each
    is a negative of the others. A rest that fills no block is left over: other draws take it in another epoch.

    Raises ValueError where two frames of a block could not lie that far apart.
    """
    if not 1 <= least_apart <= most_apart or size < 2:
        raise ValueError(f"blocks of {size}, {least_apart} to {most_apart} frames apart: give 2 or more, and 1 or more")
    apart = min(len(frames) // size, most_apart)
    if apart < least_apart:
        return []
    found = []
    for first in range(0, len(frames) - apart * size + 1, apart * size):
        found += [tuple(frames[first + i :: apart][:size]) for i in range(apart)]
    return found
