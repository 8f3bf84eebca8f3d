"""torch.compile of a network, where there is something to compile it with."""

from __future__ import annotations

import logging

import torch
from torch import nn

LOG = logging.getLogger(__name__)


def compile_network(model: nn.Module, device: torch.device) -> bool:
    """Has the network's forward pass compiled when it is first called, for lengths of any size; names of its weights
    stay. Returns whether it can be: else the network is as it was, and the log says why. What of it torch cannot
    compile, such as LSTMs, runs as it is.
    """
    reason = _why_not(device)
    if reason:
        LOG.warning("torch.compile is not possible: %s", reason)
        return False
    model.compile(dynamic=True)
    return True


def taken_back(model: nn.Module, error: Exception) -> bool:
    """Has a network that was compiled run as it is from now on, because of this error of a step; the log says so.
    Returns whether it was compiled: else the error is another's. A backward pass is compiled when it is first run, and
    may fail where the forward pass did not.
    """
    # torch has no public way back.
    if model._compiled_call_impl is None:
        return False
    model._compiled_call_impl = None
    said = str(error).strip().splitlines() or [repr(error)]
    LOG.warning("the compiled network failed (%s): it is trained as it is from now on", said[0])
    return True


def _why_not(device: torch.device) -> str:
    """Tried on a function of a line: only then is it known whether a compiler is there, and works."""
    try:
        torch.compile(lambda x: x.sin() + 1.0)(torch.zeros(8, device=device))
    except Exception as error:  # noqa: BLE001 - torch names no base of all that compilers say
        return str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    return ""
