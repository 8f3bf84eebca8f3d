"""What torch says of the GPU that it would take. Loads torch where there is a driver, and nowhere else."""

from __future__ import annotations

from services.features.device import chosen_device


def gpu_memory_bytes() -> int | None:
    """Of the GPU that torch would take; None where it reaches none."""
    if chosen_device("auto") != "cuda":
        return None
    import torch

    return int(torch.cuda.get_device_properties(0).total_memory) if torch.cuda.is_available() else None
