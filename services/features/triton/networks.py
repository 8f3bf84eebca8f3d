"""Networks that a Triton server computes, as the models that stages call."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.features.models import weights_of
from services.features.ops import stretched
from services.features.spec import FeaturesConfig
from services.triton.client import TritonClient

_Result = TypeVar("_Result")


class TritonFrames:
    """A network of frames on a server (services.features.backend.FeatureModel)."""

    def __init__(self, client: TritonClient, num_in_flight: int = 4) -> None:
        self._client = client
        facts = client.facts
        self.name, self.weights = facts.name, facts.weights
        if len(facts.inputs) != 1 or len(facts.outputs) != 1:
            raise BadConfig(
                "WRONG_MODEL", f"{facts.name} must take one input of frames and give one output, not {facts}"
            )
        (self._input, dims), (self._output,) = next(iter(facts.inputs.items())), facts.outputs
        if len(dims) != 3 or dims[2] != 3 or dims[0] != dims[1]:
            raise BadConfig("WRONG_MODEL", f"{facts.name} must take square RGB frames [H,W,3], not {list(dims)}")
        self._size_px = dims[0]
        self.num_in_flight = num_in_flight
        self._threads = ThreadPoolExecutor(num_in_flight, thread_name_prefix="triton")

    def __call__(self, frames_NHWC: UInt8Array) -> Float32Array:
        """uint8 [N,H,W,3] -> float32 [N,D], in requests as large as the server takes. Raises as `infer` does."""
        # A frame is stretched here, in whole levels as the in-process path does it: fewer bytes travel, and every
        # clip's frames have one shape, without which a server does not batch them together.
        if self._size_px > 0:
            frames_NHWC = stretched(frames_NHWC, self._size_px)
        most = self._client.facts.max_batch_size
        pieces = [frames_NHWC[i : i + most] for i in range(0, len(frames_NHWC), most)]
        return np.concatenate(gathered([self._threads.submit(self._one, piece) for piece in pieces]))

    def _one(self, piece_NHWC: UInt8Array) -> Float32Array:
        return self._client.infer([(self._input, piece_NHWC)], self._output).astype(np.float32, copy=False)


def open_triton(config: FeaturesConfig) -> TritonFrames:
    """The served network of a config. Raises BadConfig for another model, Transient when no server answers."""
    client = TritonClient(
        config.triton,
        config.model,
        weights_of(config),
        num_in_flight=config.triton_in_flight,
        transport=config.triton_transport,
    )
    client.forget_orphans()
    return TritonFrames(client, config.triton_in_flight)


def gathered(asked: Sequence[Future[_Result]]) -> list[_Result]:
    """All results in order. On a failure those not yet begun are dropped, and what is under way is waited for."""
    try:
        return [future.result() for future in asked]
    except BaseException:
        for future in asked:
            future.cancel()
        raise
