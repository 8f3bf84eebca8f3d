"""The network of a head at a Triton server: faces and sounds go up, painted faces come down."""

from __future__ import annotations

import numpy as np

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
        given = [(REFERENCES, references_BSSC), (FACES, faces_BSSC), (SOUNDS, sounds_BCHW)]
        return to_pixels(client.infer([(name, np.ascontiguousarray(array)) for name, array in given], PAINTED))

    return paint
