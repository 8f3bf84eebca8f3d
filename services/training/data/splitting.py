"""Clips of the training split set apart for validation, where a data set has none. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence


def set_apart(speakers: Sequence[str], contents: Sequence[bytes], share: float, seed: int) -> frozenset[int]:
    """Places of the clips to validate on: of each speaker with two clips or more that share, one at least and never
    all. Drawn by the digests of the clips' contents, so that a clip that is added moves few others; of a content that
    several clips have, none.

    Raises ValueError for a share that is not from 0 to below 1.
    """
    if not 0 <= share < 1:
        raise ValueError(f"val_share is {share}: give a share from 0 to below 1")
    if not share:
        return frozenset()
    by_speaker: dict[str, list[int]] = defaultdict(list)
    counts = Counter(contents)
    for place, (speaker, content) in enumerate(zip(speakers, contents, strict=True)):
        if counts[content] == 1:
            by_speaker[speaker].append(place)
    chosen: list[int] = []
    for speaker, places in by_speaker.items():
        places.sort(key=lambda place: hashlib.sha256(f"{seed}/{speaker}/".encode() + contents[place]).digest())
        num_chosen = min(max(1, round(share * len(places))), len(places) - 1)
        chosen += places[:num_chosen]
    return frozenset(chosen)
