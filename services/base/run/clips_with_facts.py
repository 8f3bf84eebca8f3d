"""PURE: the clips of a run beside what its stages told of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.base.run.manifest import ClipRow


def clips_with_facts(
    clips: Iterable[ClipRow], quality: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[ClipRow, Mapping[str, Any]]]:
    """Each clip that has a line of quality, with it. Both go by shard and position; clips without a line were left out,
    or are still to be made. Raises ValueError where the orders differ.
    """
    lines = iter(quality)
    line = next(lines, None)
    for clip in clips:
        if line is None:
            return
        if line["key"] == clip.key:
            yield clip, line
            line = next(lines, None)
    if line is not None:
        raise ValueError(f"facts of {line['key']} come where no clip of that key does: the lists differ in order")
