"""What a feature network is to the stage, whatever computes it."""

from __future__ import annotations

from typing import Protocol

from services.base.media.arrays import Float32Array, UInt8Array

Items = UInt8Array | Float32Array
"""What a network takes one by one: frames, uint8 [N, H, W, 3] RGB of one size, or windows, float32 [N, ...]."""


class FeatureModel(Protocol):
    """One loaded network of frames or windows.

    name: that of the network, "inception_v3", or "inception_v3-bfloat16". weights: how it got its weights,
    "sha256:<hex>" or "seeded:0".
    num_in_flight: batches that may be on their way at once, from as many threads; 1: it computes in its caller's.
    """

    name: str
    weights: str
    num_in_flight: int

    def __call__(self, items_NX: Items) -> Float32Array:
        """Items, N >= 1 -> float32 [N, D], in the same order.

        Raises `OutOfMemory` when the batch does not fit, and Transient when a server does not answer.
        """
        ...
