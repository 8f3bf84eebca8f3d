"""How far a training has come: a place in the plan, and what has been measured on the way. No torch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.base.errors import BadConfig


@dataclass
class Progress:
    """epochs_done: whole ones. steps_done: of the plan of the next one. step: optimiser steps in all, skipped ones
    among them. bad_steps: in a row up to now. loss_total, loss_count: of the epoch so far. val_losses, epoch_steps: of
    each epoch that is done. best_score: the least so far, at best_step. log, metrics: lines of these files.
    left_out: keys of clips that could not be read. too_large: the padded cost from which micro-batches are learnt from
    in halves, since one has not fitted into memory; 0: none.
    """

    epochs_done: int = 0
    steps_done: int = 0
    step: int = 0
    bad_steps: int = 0
    num_skipped: int = 0
    loss_total: float = 0.0
    loss_count: float = 0.0
    val_losses: list[float] = field(default_factory=list)
    epoch_steps: list[int] = field(default_factory=list)
    best_score: float = math.inf
    best_step: int = 0
    log: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    too_large: int = 0

    @property
    def epoch(self) -> int:
        """As PyTorch scripts count: from 0, the one that was finished last, or that is under way."""
        return max(0, self.epochs_done - 1) if self.steps_done == 0 else self.epochs_done

    def to_plain(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def note_validation(self, loss: float, score: float) -> bool:
        """At the end of an epoch; whether it is the best so far."""
        self.val_losses.append(loss)
        is_best = score < self.best_score
        if is_best:
            self.best_score = score
        if is_best or not self.best_step:
            self.best_step = self.step
        return is_best

    def epochs_since_best(self) -> int:
        """Epochs that are done and came after the best."""
        return sum(step > self.best_step for step in self.epoch_steps)


def progress_of(plain: Mapping[str, Any]) -> Progress:
    """Raises BadConfig CHECKPOINT_DAMAGED."""
    try:
        return Progress(**plain)
    except TypeError as error:
        raise BadConfig(
            "CHECKPOINT_DAMAGED", f"the checkpoint does not say how far it is ({error}): begin a new training"
        ) from error
