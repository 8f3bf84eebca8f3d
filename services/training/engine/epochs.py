"""The epochs of a training: each planned by a thread while the one before is learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from services.training.interfaces import Pieces, Step, TrainingData
from services.training.plan import plan_epoch
from services.training.spec import TrainSettings


class Epoch(NamedTuple):
    """data: what it takes items of. plan: its steps."""

    data: TrainingData
    plan: Sequence[Step]


class Epochs:
    """Of one training. Thread-safe for one reader that is ahead of another by an epoch at most."""

    def __init__(self, pieces: Pieces, settings: TrainSettings) -> None:
        self._pieces, self._settings = pieces, settings
        self._thread = ThreadPoolExecutor(1, "plan")
        self._planned: dict[int, Future[Epoch]] = {}

    def at(self, number: int) -> Epoch:
        """number: from 0, in order. Raises what a recipe's `train_at` raises."""
        for one in range(number, min(number + 2, self._settings.num_epochs)):
            if one not in self._planned:
                self._planned[one] = self._thread.submit(self._made, one)
        self._planned.pop(number - 2, None)
        return self._planned[number].result()

    def close(self) -> None:
        """Harmless when it is called again."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _made(self, number: int) -> Epoch:
        settings, at = self._settings, self._pieces.train_at
        data = self._pieces.train if at is None else at(settings.seed, number, number / settings.num_epochs)
        plan = plan_epoch(
            data.items,
            data_digest=data.digest,
            seed=settings.seed,
            epoch=number,
            budget_cost=self._pieces.budget_cost,
            budget_items=self._pieces.budget_items,
            micro_batches_per_step=settings.accumulation_steps,
        )
        return Epoch(data, plan)
