"""One optimiser step: the sum of the losses of all its micro-batches over all ranks, divided by their count.

Ranks share out the micro-batches; one without any takes part with nothing. Gradients are summed once, in one buffer,
after the last micro-batch: DistributedDataParallel averages over ranks, needs a micro-batch on each of them, and lays
out its buffers anew after the first step, so that a training that goes on would round otherwise than another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from services.base.errors import BadConfig
from services.base.process.memory import is_out_of_memory
from services.training.engine.compiling import taken_back
from services.training.engine.precision import Arithmetic
from services.training.engine.randomness import seeded
from services.training.engine.ranks import Ranks
from services.training.engine.statistics import RunningStatistics
from services.training.interfaces import Batch, LossSum

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class MicroBatch:
    """indices: of items. costs: of each. batch: as read. read: the same for some of the indices. names: what its
    randomness is drawn from. left_out: of items that could not be read, which are in none of the others: why. All may
    be, and then there is nothing to learn from.
    """

    indices: tuple[int, ...]
    costs: tuple[int, ...]
    batch: Batch
    read: Callable[[Sequence[int]], Batch]
    names: tuple[int | str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def cost(self) -> int:
        """When padded."""
        return max(self.costs) * len(self.costs)

    def halves(self) -> tuple[MicroBatch, MicroBatch]:
        middle = len(self.indices) // 2
        first, second = self.indices[:middle], self.indices[middle:]
        return (
            MicroBatch(first, self.costs[:middle], self.read(first), self.read, (*self.names, 0)),
            MicroBatch(second, self.costs[middle:], self.read(second), self.read, (*self.names, 1)),
        )


@dataclass(frozen=True)
class StepResult:
    """loss_total, count: over all ranks. norm: of the gradient before clipping. is_taken: whether weights have changed.
    stop: whether some rank was asked to end. num_left_out: items that could not be read. too_large: the padded cost
    from which micro-batches are learnt from in halves, since one has not fitted into the memory of some rank; 0: none.
    """

    loss_total: float
    count: float
    norm: float
    is_taken: bool
    stop: bool
    num_left_out: int
    too_large: int = 0

    @property
    def loss(self) -> float:
        return self.loss_total / self.count if self.count else 0.0

    @property
    def is_bad(self) -> bool:
        """Whether there was something to learn, and it was not finite."""
        return self.count > 0 and not self.is_taken


class Stepper:
    """Takes steps of one model, which is on the device."""

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[nn.Module, Batch, torch.Generator], LossSum],
        optimizer: torch.optim.Optimizer,
        arithmetic: Arithmetic,
        ranks: Ranks,
        device: torch.device,
        clip: float,
        *,
        too_large: int = 0,
        remedy: str = "",
    ) -> None:
        """too_large: as a step before has found it. remedy: for an item that does not fit into memory alone."""
        self._model, self._loss, self._optimizer = model, loss, optimizer
        self._arithmetic, self._ranks, self._device, self._clip = arithmetic, ranks, device, clip
        self._statistics = RunningStatistics(model)
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self._too_large, self._remedy = too_large, remedy

    def take(self, micro_batches: Collection[MicroBatch], *, stop: bool = False) -> StepResult:
        """One step with those of its micro-batches that are this rank's, perhaps none. stop: whether it was asked to
        end. Raises Transient RANK_LOST, BadConfig OUT_OF_MEMORY.
        """
        self._model.train()
        self._statistics.begin()
        gradients = [torch.zeros_like(p) for p in self._parameters]
        total, count = 0.0, 0
        for micro_batch in micro_batches:
            if not micro_batch.indices:
                continue
            for loss in self._learnt(micro_batch, gradients):
                total, count = total + loss.total.item(), count + loss.count
        num_left_out = sum(len(micro_batch.left_out) for micro_batch in micro_batches)
        told = {"total": total, "count": count, "stop": float(stop), "left_out": num_left_out}
        too_large = {f"too_large_{rank}": 0.0 for rank in range(self._ranks.world_size)}
        sums = self._ranks.sums({**told, **too_large, f"too_large_{self._ranks.rank}": self._too_large})
        # All ranks halve alike, so that a training that goes on on any number of them computes the same.
        self._too_large = int(min(filter(None, (sums[name] for name in too_large)), default=0))
        statistics = self._sum(gradients)
        is_taken, norm = False, 0.0
        if sums["count"] > 0:
            norm, is_taken = self._arithmetic.step(self._optimizer, sums["total"], sums["count"], self._clip)
        self._statistics.end(statistics, keep=is_taken)
        self._optimizer.zero_grad(set_to_none=True)
        return StepResult(
            sums["total"], sums["count"], norm, is_taken, sums["stop"] > 0, int(sums["left_out"]), self._too_large
        )

    def _learnt(self, micro_batch: MicroBatch, gradients: list[torch.Tensor]) -> Iterator[LossSum]:
        """Adds its gradients; in halves where it is too large for the memory."""
        can_halve = len(micro_batch.indices) > 1
        if not (can_halve and self._too_large and micro_batch.cost >= self._too_large):
            try:
                yield self._one(micro_batch, gradients)
                return
            except (RuntimeError, MemoryError) as error:
                if not _is_short_of_memory(error):
                    raise
                if not can_halve:
                    raise BadConfig(
                        "OUT_OF_MEMORY",
                        f"one item of {micro_batch.cost} frames does not fit into the memory of {self._device}: "
                        f"{self._remedy}, or take a device with more memory",
                        str(error),
                    ) from error
            # Out of the handler, whose traceback holds what has filled the memory.
            self._remember(micro_batch)
        for half in micro_batch.halves():
            yield from self._learnt(half, gradients)

    def _remember(self, micro_batch: MicroBatch) -> None:
        if not self._too_large:
            statistics = "; its statistics are then of fewer items, which changes results" if self._statistics else ""
            LOG.warning(
                "a micro-batch of %d frames is too large for %s and is learnt from in halves, as are all of its size%s",
                *(micro_batch.cost, self._device, statistics),
            )
        self._too_large = min(self._too_large or micro_batch.cost, micro_batch.cost)
        for parameter in self._parameters:
            parameter.grad = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _one(self, micro_batch: MicroBatch, gradients: list[torch.Tensor]) -> LossSum:
        batch = {
            name: value.to(self._device, non_blocking=True) if isinstance(value, torch.Tensor) else value
            for name, value in micro_batch.batch.items()
        }
        generator = seeded(self._device, *micro_batch.names)
        try:
            with self._arithmetic.autocast():
                loss = self._loss(self._model, batch, generator)
            if loss.count:
                self._arithmetic.backward(loss.total)
        except Exception as error:
            if _is_short_of_memory(error) or not taken_back(self._model, error):
                raise
            for parameter in self._parameters:
                parameter.grad = None
            return self._one(micro_batch, gradients)
        # Nothing was added before: a backward pass that ran out of memory has done no harm.
        for total, parameter in zip(gradients, self._parameters, strict=True):
            if parameter.grad is not None:
                total.add_(parameter.grad)
                parameter.grad = None
        self._statistics.add()
        return LossSum(loss.total.detach(), loss.count)

    def _sum(self, gradients: list[torch.Tensor]) -> list[torch.Tensor]:
        """Over all ranks, into the parameters; and the statistics, which it returns."""
        parts = [*gradients, *self._statistics.partial()]
        if self._ranks.world_size > 1:
            flat = torch.cat([part.reshape(-1) for part in parts])
            self._ranks.sum(flat)
            sizes = [part.numel() for part in parts]
            parts = [new.view_as(old) for new, old in zip(flat.split(sizes), parts, strict=True)]
        for parameter, gradient in zip(self._parameters, parts, strict=False):
            parameter.grad = gradient
        return parts[len(gradients) :]


def _is_short_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or is_out_of_memory(error)
