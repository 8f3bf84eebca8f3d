"""In which numbers the forward pass computes, and the step that the optimiser takes from its gradients."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from services.training.spec import Precision

_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}
# Scalers begin at 65,536, for losses that are means. Of a sum over a step, some gradients are thousands to begin with,
# and overflow in fp16 until the scale is halved a dozen times. A power of two, so that nothing is rounded by it.
_SHARE_OF_SUM = 2.0**-14


class Arithmetic:
    """fp32, or bf16 by autocast, or fp16 by autocast with a scaled loss (Micikevicius et al., 2018)."""

    def __init__(self, precision: Precision, device: torch.device) -> None:
        self._dtype = _AUTOCAST.get(precision)
        self._device = device
        self._scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")
        self._share = _SHARE_OF_SUM if precision == "fp16" else 1.0

    def autocast(self) -> AbstractContextManager[object]:
        return nullcontext() if self._dtype is None else torch.autocast(self._device.type, self._dtype)

    def backward(self, loss: torch.Tensor) -> None:
        """loss: a sum, whose gradients are added up until `step`."""
        self._scaler.scale(loss * self._share).backward()

    def step(self, optimizer: torch.optim.Optimizer, total: float, count: float, clip: float) -> tuple[float, bool]:
        """One step with the gradients of all parameters, which are sums over count, as the loss's total is.

        Returns their norm before clipping, and whether the step was taken: not where the loss or a gradient is not
        finite, which with fp16 also halves the scale.
        """
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        self._scaler.unscale_(optimizer)
        torch._foreach_div_([p.grad for p in parameters], count * self._share)
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, clip))
        is_finite = math.isfinite(norm) and math.isfinite(total)
        if is_finite:
            self._scaler.step(optimizer)
        self._scaler.update()
        return norm, is_finite

    def state_dict(self) -> dict[str, Any]:
        return dict(self._scaler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if state and self._scaler.is_enabled():
            self._scaler.load_state_dict(state)
