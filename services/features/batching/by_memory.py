"""How many clips a device takes at once, and how many processes decode for it. Pure but for the cores granted."""

from __future__ import annotations

from services.base.process.cgroup import granted_cores

# Gibibytes of a GPU as it is sold, and clips of 15 s at once. A card of 24 reports 22.0 to 23.7.
_BY_GIB = ((40, 24), (24, 16), (16, 8), (12, 6), (8, 4))
_TOLERANCE = 0.9
_OF_A_SMALL_GPU = 2
# Where a run is planned away from the GPU that it is for.
_OF_AN_UNKNOWN_GPU = 8
_LEAST_DECODERS, _MOST_DECODERS = 8, 16


def batch_size_of(memory_bytes: int | None) -> int:
    """Clips of 15 s at once on a GPU of that memory; None: it cannot be asked."""
    if memory_bytes is None:
        return _OF_AN_UNKNOWN_GPU
    gib = memory_bytes / 2**30
    return next((size for sold, size in _BY_GIB if gib >= _TOLERANCE * sold), _OF_A_SMALL_GPU)


def num_decoders_of(device: str, num_cores: int = 0) -> int:
    """Processes that decode while one computes. device: "cpu" or "cuda". num_cores: 0: those granted here."""
    if device == "cpu":
        return 1
    return min(_MOST_DECODERS, max(_LEAST_DECODERS, num_cores or granted_cores()))
