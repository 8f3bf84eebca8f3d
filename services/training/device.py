"""Where a network is computed: a GPU where one is asked for, or is there."""

from __future__ import annotations

import torch

from services.base.errors import BadConfig
from services.training.spec import Device


def device_of(asked: Device, local_rank: int = 0) -> torch.device:
    """auto: a GPU of its own for the rank where there are any, else the CPU. Raises BadConfig NO_GPU for cuda without
    one.
    """
    if asked == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", local_rank % torch.cuda.device_count())
    if asked == "cuda":
        built_for = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
        raise BadConfig(
            "NO_GPU",
            f"--device cuda asks for a GPU, and torch {torch.__version__}, {built_for}, reaches none: take --device "
            "auto (the default), which takes a GPU where there is one and else the CPU; or install a driver and a "
            "torch that is built for CUDA, and see that CUDA_VISIBLE_DEVICES does not hide the GPU",
        )
    return torch.device("cpu")
