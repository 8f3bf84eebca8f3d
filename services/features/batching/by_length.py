"""Which clips of a window go through a network at once: sorted by length, cut where padding costs too much. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.base.stage.window import Batches, ClipSize, Window

# What is decoded before its batches are computed: enough of it that lengths lie close together.
NUM_CLIPS = 512
DURATION_S = 2 * 3600.0


def window_by_length(
    budget_steps: int,
    size: Callable[[str, Mapping[str, Any]], ClipSize],
    num_clips: int = NUM_CLIPS,
    duration_s: float = DURATION_S,
    num_decoders: int = 1,
) -> Window:
    """The window of a stage whose network takes padded batches. budget_steps: as of `batches_by_length`."""
    if budget_steps < 1:
        raise ValueError(f"budget_steps {budget_steps} must be at least 1")
    return Window(num_clips, duration_s, size, lambda sizes: batches_by_length(sizes, budget_steps), num_decoders)


def one_by_one(size: Callable[[str, Mapping[str, Any]], ClipSize], num_decoders: int = 1) -> Window:
    """The window of a stage whose network takes each clip alone, while the next ones are decoded."""
    return Window(1, DURATION_S, size, lambda sizes: [[place] for place in range(len(sizes))], num_decoders)


def batches_by_length(sizes: Sequence[ClipSize], budget_steps: int) -> Batches:
    """Places in `sizes`, by length and then key; a batch ends before rows times its longest would exceed the budget.

    A clip that is over the budget by itself is alone.
    """
    batches: list[list[int]] = []
    for place in sorted(range(len(sizes)), key=lambda i: (sizes[i].num_steps, sizes[i].key)):
        # The clip is its batch's longest so far.
        if batches and (len(batches[-1]) + 1) * sizes[place].num_steps <= budget_steps:
            batches[-1].append(place)
        else:
            batches.append([place])
    return batches


def padding_waste(sizes: Sequence[ClipSize], batches: Batches) -> float:
    """Share of the steps computed that are padding, 0 to 1."""
    lengths = [clip.num_steps for clip in sizes]
    computed = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)
    return 1 - sum(lengths) / computed if computed else 0.0
