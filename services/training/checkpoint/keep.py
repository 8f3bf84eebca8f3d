"""PURE: which checkpoints are kept, and which of them become files of the result."""

from __future__ import annotations

from collections.abc import Sequence

# Where the newest is damaged the one before counts.
_NEWEST = 2


def saved_epochs(num_epochs: int, save_every: int, keep_last_n: int) -> tuple[int, ...]:
    """Epochs, counted from 1, that have a checkpoint_epoch_N.pt after this many: every save_every-th, of which the last
    keep_last_n are kept.
    """
    epochs = tuple(range(save_every, num_epochs + 1, save_every))
    return epochs[-keep_last_n:] if keep_last_n else ()


def kept_steps(
    steps: Sequence[int],
    epoch_steps: Sequence[int],
    best_step: int,
    *,
    save_every: int,
    keep_last_n: int,
    average_last_n: int,
) -> frozenset[int]:
    """Of the steps that have checkpoints, in order: the newest two, the best, those of the last epochs that are
    averaged, and those of saved epochs. epoch_steps: at which each epoch ended.
    """
    saved = {epoch_steps[epoch - 1] for epoch in saved_epochs(len(epoch_steps), save_every, keep_last_n)}
    averaged = epoch_steps[-average_last_n:] if average_last_n else ()
    return frozenset(steps[-_NEWEST:]) | (frozenset(steps) & {best_step, *averaged, *saved})
