"""The seam of feature models: what a loaded network is to the stage. One model per process, shared by its clips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from services.base.errors import BadConfig
from services.base.media import Float32Array, UInt8Array
from services.features.models import weights_of
from services.features.spec import FeaturesConfig


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

        Raises `batcher.OutOfMemory` when the batch does not fit, and Transient when a server does not answer.
        """
        ...


def open_model(config: FeaturesConfig) -> FeatureModel:
    """The network that a config asks for, loaded. Raises BadConfig for a missing library, file or model."""
    if config.backend == "triton":
        try:
            from services.features.triton_networks import open_triton
        except ModuleNotFoundError as error:
            raise _missing(error, "triton") from error
        return open_triton(config)
    try:
        if config.backend == "onnxruntime":
            from services.features.onnx_model import open_onnx

            return open_onnx(config)
        from services.features.torch_model import open_torch
    except ModuleNotFoundError as error:
        raise _missing(error, "features") from error
    return open_torch(config)


def check_of_triton(config: FeaturesConfig) -> Callable[[], None]:
    """What returns while the server serves the config's model, and raises what is missing. Raises BadConfig."""
    try:
        from services.features.triton import ModelProbe
    except ModuleNotFoundError as error:
        raise _missing(error, "triton") from error
    return ModelProbe(config.triton, config.model, lambda: weights_of(config)).check


def _missing(error: ModuleNotFoundError, extra: str) -> BadConfig:
    return BadConfig("LIBRARY_MISSING", f"{error.name} is not installed: pip install 'visemill[{extra}]'")
