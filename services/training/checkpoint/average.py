"""The mean of the weights of several checkpoints (Izmailov et al., 2018)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch


def average(models: Iterable[Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Name -> the mean over all models, added up in float64, in the tensors' own dtypes; of whole numbers, such as
    counters, the last. Raises ValueError for none.
    """
    sums: dict[str, torch.Tensor] = {}
    last: Mapping[str, torch.Tensor] = {}
    count = 0
    for model in models:
        for name, tensor in model.items():
            if tensor.is_floating_point():
                sums[name] = sums[name] + tensor.double() if name in sums else tensor.double()
        last, count = model, count + 1
    if not count:
        raise ValueError("an average needs one model or more")
    return {name: (sums[name] / count).to(tensor.dtype) if name in sums else tensor for name, tensor in last.items()}
