"""The networks of a bundle at a Triton server: crops of mouths go up, what they give comes down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from services.base.errors import BadInput, OutOfMemory
from services.base.media.arrays import Float32Array
from services.base.process.settings import settings
from services.base.sandbox.child import waiting_for
from services.lipreading.bundle_files import served_name, served_weights
from services.lipreading.search import networks_of
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import BundleCard
from services.triton.client import ModelProbe, TritonClient
from services.triton.padding import padded_axes

# Of a message, for what is not frames.
_ENVELOPE_BYTES = 1 << 16


class ServedNetwork:
    """What is of one clip is a request, of which the server makes batches (services.lipreading.network.Network).

    most_bytes: of the first input of a request.
    """

    def __init__(self, client: TritonClient, most_bytes: int) -> None:
        self._client, self._most_bytes = client, most_bytes

    def __call__(self, inputs: Mapping[str, npt.NDArray[Any]], outputs: Sequence[str], name: str) -> list[Float32Array]:
        """As Network. Raises BadInput TOO_MANY_FRAMES, OUT_OF_MEMORY; BadConfig WRONG_SHAPE, MODEL_DIFFERS; Transient
        when patience ends.
        """
        arrays = [(each, self._padded(each, array)) for each, array in inputs.items()]
        largest, num_frames = arrays[0][1], next(iter(inputs.values())).shape[1]
        if largest.nbytes > self._most_bytes:
            raise BadInput(
                "TOO_MANY_FRAMES",
                f"{name}: {num_frames} frames are a message of {largest.nbytes} bytes, and at most "
                f"{self._most_bytes} fit: cut the clip, or raise VISEMILL_MAX_MESSAGE_BYTES",
            )
        try:
            with waiting_for(f"model {self._client.facts.name}"):
                return self._client.infer_all(arrays, outputs)
        except OutOfMemory as error:
            raise BadInput(
                "OUT_OF_MEMORY",
                f"{name} has {num_frames} frames, for which the server is short of memory: cut it, or give the server "
                "more",
                str(error),
            ) from error

    def _padded(self, name: str, array_1x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Along the axes that may have any size, so that inputs of near sizes have one shape. An item of a batch has an
        axis at least there.
        """
        free = [axis for axis, size in enumerate(self._client.facts.inputs.get(name, ()), start=1) if size < 0]
        return array_1x[:, None] if array_1x.ndim == 1 else padded_axes(array_1x, free)


def open_served(config: LipreadingConfig, card: BundleCard, part: str) -> ServedNetwork:
    """part: `model` or `decoder`. Raises BadConfig for another model, Transient when no server answers."""
    client = TritonClient(
        config.triton,
        _served_name(config, card, part),
        served_weights(card, part),
        num_in_flight=1,
        transport=config.triton_transport,
    )
    client.forget_orphans()
    return ServedNetwork(client, settings().max_message_bytes - _ENVELOPE_BYTES)


def check_of_triton(config: LipreadingConfig, card: BundleCard) -> Callable[[], None]:
    """What returns while the server serves the networks that read, and raises what is missing. Raises BadConfig."""

    def probe(part: str) -> ModelProbe:
        return ModelProbe(config.triton, _served_name(config, card, part), lambda: served_weights(card, part))

    probes = [probe(part) for part in networks_of(config, card)]

    def check() -> None:
        for each in probes:
            each.check()

    return check


def _served_name(config: LipreadingConfig, card: BundleCard, part: str) -> str:
    return served_name(config.triton_model or card.recipe, part)
