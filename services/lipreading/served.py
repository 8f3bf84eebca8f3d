"""The network of a bundle at a Triton server: crops of mouths go up, 15 kB a frame; log-probabilities come down."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from services.base.errors import BadConfig, BadInput, OutOfMemory
from services.base.media.arrays import Float32Array, UInt8Array
from services.base.process.settings import settings
from services.base.sandbox.child import waiting_for
from services.lipreading.bundle_files import served_weights
from services.lipreading.padding import padded_frames
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import FRAMES, LENGTHS, LOG_PROBS, BundleCard
from services.triton.client import ModelProbe, TritonClient

# Of a message, for what is not frames.
_ENVELOPE_BYTES = 1 << 16


class ServedNetwork:
    """A clip is a request, of which the server makes batches (services.lipreading.network.Network).

    most_bytes: of the frames of a request.
    """

    def __init__(self, client: TritonClient, steps_per_frame: int, most_bytes: int) -> None:
        self._client, self._steps_per_frame, self._most_bytes = client, steps_per_frame, most_bytes

    def __call__(self, mouths_THWC: UInt8Array, name: str) -> Float32Array:
        """As Network. Raises BadInput TOO_MANY_FRAMES, OUT_OF_MEMORY; BadConfig WRONG_MODEL, MODEL_DIFFERS;
        Transient when patience ends.
        """
        num_frames = len(mouths_THWC)
        padded_NTHWC = padded_frames(mouths_THWC)[None]
        if padded_NTHWC.nbytes > self._most_bytes:
            raise BadInput(
                "TOO_MANY_FRAMES",
                f"{name}: {num_frames} frames are a message of {padded_NTHWC.nbytes} bytes, and at most "
                f"{self._most_bytes} fit: cut the clip, or raise VISEMILL_MAX_MESSAGE_BYTES",
            )
        lengths_N1 = np.array([[num_frames]], np.int64)
        try:
            with waiting_for(f"model {self._client.facts.name}"):
                log_probs_NSK = self._client.infer([(FRAMES, padded_NTHWC), (LENGTHS, lengths_N1)], LOG_PROBS)
        except OutOfMemory as error:
            raise BadInput(
                "OUT_OF_MEMORY",
                f"{name} has {num_frames} frames, for which the server is short of memory: cut it, or give the server "
                "more",
                str(error),
            ) from error
        num_steps = num_frames * self._steps_per_frame
        if log_probs_NSK.shape[1] < num_steps:
            raise BadConfig(
                "WRONG_MODEL",
                f"model {self._client.facts.name} gives {log_probs_NSK.shape[1]} steps of {num_frames} frames, and the "
                f"bundle's card says {num_steps}: export the bundle again",
            )
        found_SK: Float32Array = log_probs_NSK[0, :num_steps]
        return found_SK


def open_served(config: LipreadingConfig, card: BundleCard) -> ServedNetwork:
    """Raises BadConfig for another model, Transient when no server answers."""
    client = TritonClient(
        config.triton,
        config.triton_model or card.recipe,
        served_weights(card),
        num_in_flight=1,
        transport=config.triton_transport,
    )
    client.forget_orphans()
    return ServedNetwork(client, card.steps_per_frame, settings().max_message_bytes - _ENVELOPE_BYTES)


def check_of_triton(config: LipreadingConfig, card: BundleCard) -> Callable[[], None]:
    """What returns while the server serves the bundle's network, and raises what is missing. Raises BadConfig."""
    return ModelProbe(config.triton, config.triton_model or card.recipe, lambda: served_weights(card)).check
