"""The network of a head at a Triton server: faces and sounds go up, painted faces come down."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from services.base.media.arrays import Float32Array, UInt8Array
from services.formats.talker.head import FACES, PAINTED, REFERENCES, SOUNDS, HeadCard
from services.talker.bundle_files import served_weights
from services.talker.network import Paint, to_pixels
from services.triton.client import TritonClient


def open_served(target: str, name: str, card: HeadCard, num_in_flight: int, transport: str) -> Paint:
    """At a Triton server, whose model has the card's network. Raises BadConfig MODEL_DIFFERS, Transient when no server
    answers.
    """
    client = TritonClient(target, name, served_weights(card), num_in_flight=num_in_flight, transport=transport)
    client.forget_orphans()

    def paint(references_BSSC: UInt8Array, faces_BSSC: UInt8Array, sounds_BCHW: Float32Array) -> UInt8Array:
        given: list[tuple[str, npt.NDArray[Any]]] = [
            (REFERENCES, references_BSSC),
            (FACES, faces_BSSC),
            (SOUNDS, sounds_BCHW),
        ]
        most, made = client.facts.max_batch_size, []
        for first in range(0, len(faces_BSSC), most):
            some = [(name, np.ascontiguousarray(array[first : first + most])) for name, array in given]
            made.append(to_pixels(client.infer(some, PAINTED)))
        return np.concatenate(made)

    return paint
