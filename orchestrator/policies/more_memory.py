"""How much memory the next Job's pods get when those of the last one ran out of it."""

from __future__ import annotations


def more_memory(memory_mib: int, max_memory_mib: int) -> int | None:
    """Twice as much, the most there may be at last; None when they had that already."""
    return min(2 * memory_mib, max_memory_mib) if memory_mib < max_memory_mib else None
