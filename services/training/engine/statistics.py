"""Running statistics of a step: averaged over its micro-batches, whichever rank computes them.

A micro-batch is normalised by its own statistics. What a module keeps for validation must not depend on how the
micro-batches are shared out: one update a step, with the mean over all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class RunningStatistics:
    """Of all modules of a model with buffers running_mean and running_var and a momentum, updated as of BatchNorm:
    running = (1 - momentum) running + momentum batch. num_batches_tracked counts steps.
    """

    def __init__(self, model: nn.Module) -> None:
        self._modules = [module for module in model.modules() if _runs(module)]
        self._momenta = [module.momentum for module in self._modules]
        self._buffers = [buffer for module in self._modules for buffer in (module.running_mean, module.running_var)]
        self._tracked = [getattr(module, "num_batches_tracked", None) for module in self._modules]
        self._before = [buffer.clone() for buffer in self._buffers]
        self._tracked_before = [0] * len(self._modules)
        self._sums = [torch.zeros_like(buffer) for buffer in self._buffers]
        self._count = 0

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._modules)

    def begin(self) -> None:
        """Before the micro-batches of a step: after each, the buffers hold its own statistics."""
        for kept, total, buffer in zip(self._before, self._sums, self._buffers, strict=True):
            kept.copy_(buffer)
            total.zero_()
        self._tracked_before = [0 if tracked is None else int(tracked) for tracked in self._tracked]
        self._count = 0
        for module in self._modules:
            module.momentum = 1.0

    def add(self) -> None:
        """After a micro-batch that counts."""
        for total, buffer in zip(self._sums, self._buffers, strict=True):
            total.add_(buffer)
        self._count += 1

    def partial(self) -> list[torch.Tensor]:
        """What is to be summed over all ranks: sums of statistics, and how many these are of."""
        return [*self._sums, self._sums[0].new_tensor([self._count])] if self._sums else []

    def end(self, summed: Sequence[torch.Tensor], *, keep: bool) -> None:
        """After the step. summed: over all ranks. keep: whether it counts, else the statistics are as before it."""
        count = float(summed[-1]) if summed else 0.0
        takes = keep and count > 0
        for i, (buffer, before) in enumerate(zip(self._buffers, self._before, strict=True)):
            buffer.copy_(before)
            if takes:
                momentum = self._momenta[i // 2] or 1.0 / (self._tracked_before[i // 2] + 1)
                buffer.mul_(1.0 - momentum).add_(summed[i] / count, alpha=momentum)
        for module, momentum in zip(self._modules, self._momenta, strict=True):
            module.momentum = momentum
        for tracked, before_step in zip(self._tracked, self._tracked_before, strict=True):
            if tracked is not None:
                tracked.fill_(before_step + int(takes))


def _runs(module: nn.Module) -> bool:
    buffers = (getattr(module, "running_mean", None), getattr(module, "running_var", None))
    return all(isinstance(buffer, torch.Tensor) for buffer in buffers)
