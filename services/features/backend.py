"""What a feature network is to the stage, whatever computes it."""

from __future__ import annotations

from typing import Protocol

from services.base.media.arrays import Float32Array, UInt8Array


class FeatureModel(Protocol):
    """One loaded network of frames.

    name: that of the network, "inception_v3", or "inception_v3-bfloat16". weights: how it got its weights,
    "sha256:<hex>" or "seeded:0".
    num_in_flight: batches that may be on their way at once, from as many threads; 1: it computes in its caller's.
    """

    name: str
    weights: str
    num_in_flight: int

    def __call__(self, frames_NHWC: UInt8Array) -> Float32Array:
        """uint8 [N, H, W, 3] RGB, N >= 1, all of one size -> float32 [N, D], in the same order.

        Raises `OutOfMemory` when the batch does not fit, and Transient when a server does not answer.
        """
        ...
