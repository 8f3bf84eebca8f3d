"""Networks that a Triton server computes, as the models that stages call."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array
from services.features.backend import FeatureModel, Items
from services.features.models import weights_of
from services.features.networks import Array, is_time, network_named
from services.features.ops import as_array, stretched
from services.features.spec import FeaturesConfig
from services.triton.client import TritonClient

_Result = TypeVar("_Result")


class AtServer(Protocol):
    """The settings of a stage that say where its networks are, and how they are asked."""

    @property
    def triton(self) -> str: ...

    @property
    def triton_in_flight(self) -> int: ...

    @property
    def triton_transport(self) -> str: ...


class _TritonItems:
    """A network of one input and one output on a server (services.features.backend.FeatureModel)."""

    def __init__(self, client: TritonClient, num_in_flight: int, what: str) -> None:
        self._client = client
        facts = client.facts
        self.name, self.weights = facts.name, facts.weights
        if len(facts.inputs) != 1 or len(facts.outputs) != 1:
            raise BadConfig(
                "WRONG_MODEL", f"{facts.name} must take one input of {what} and give one output, not {facts}"
            )
        (self._input, self._dims), (self._output,) = next(iter(facts.inputs.items())), facts.outputs
        self.num_in_flight = num_in_flight
        self._threads = ThreadPoolExecutor(num_in_flight, thread_name_prefix="triton")

    def _answers(self, items_NX: Items) -> Float32Array:
        """float32 [N,D], in requests as large as the server takes. Raises as `infer` does."""
        most = self._client.facts.max_batch_size
        pieces = [items_NX[i : i + most] for i in range(0, len(items_NX), most)]
        return np.concatenate(gathered([self._threads.submit(self._one, piece) for piece in pieces]))

    def _one(self, piece_NX: Items) -> Float32Array:
        return self._client.infer([(self._input, piece_NX)], self._output).astype(np.float32, copy=False)


class TritonFrames(_TritonItems):
    """A network of frames on a server."""

    def __init__(self, client: TritonClient, num_in_flight: int = 4) -> None:
        super().__init__(client, num_in_flight, "frames")
        dims = self._dims
        if len(dims) != 3 or dims[2] != 3 or dims[0] != dims[1]:
            raise BadConfig("WRONG_MODEL", f"{self.name} must take square RGB frames [H,W,3], not {list(dims)}")
        self._size_px = dims[0]

    def __call__(self, items_NX: Items) -> Float32Array:
        """As FeatureModel. Raises as `infer` does."""
        # A frame is stretched here, in whole levels as the in-process path does it: fewer bytes travel, and every
        # clip's frames have one shape, without which a server does not batch them together.
        return self._answers(stretched(items_NX, self._size_px) if self._size_px > 0 else items_NX)


class TritonWindows(_TritonItems):
    """A network of windows on a server; taken: its input, with time of any length."""

    def __init__(self, client: TritonClient, taken: Array, num_in_flight: int = 4) -> None:
        super().__init__(client, num_in_flight, "windows")
        if list(self._dims) != [-1 if is_time(size) else size for size in taken.shape[1:]]:
            raise BadConfig("WRONG_MODEL", f"{self.name} must take {taken}, not windows of {list(self._dims)}")
        self._taken = taken

    def __call__(self, items_NX: Items) -> Float32Array:
        """As FeatureModel. Raises as `infer` does."""
        return self._answers(as_array(self._taken, items_NX))


def open_triton(config: FeaturesConfig) -> FeatureModel:
    """The served network of a config. Raises BadConfig for another model, Transient when no server answers."""
    client = client_of(config, config.model, weights_of(config))
    network = network_named(config.model)
    if network.takes == "windows":
        return TritonWindows(client, network.inputs[0], config.triton_in_flight)
    return TritonFrames(client, config.triton_in_flight)


def client_of(config: AtServer, model: str, weights: str) -> TritonClient:
    """Of a model that must have these weights. Raises BadConfig for another, Transient when no server answers."""
    client = TritonClient(
        config.triton, model, weights, num_in_flight=config.triton_in_flight, transport=config.triton_transport
    )
    client.forget_orphans()
    return client


def gathered(asked: Sequence[Future[_Result]]) -> list[_Result]:
    """All results in order. On a failure those not yet begun are dropped, and what is under way is waited for."""
    try:
        return [future.result() for future in asked]
    except BaseException:
        for future in asked:
            future.cancel()
        raise
