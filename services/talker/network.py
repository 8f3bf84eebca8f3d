"""The network of a head as the stage calls it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.base.process.cgroup import granted_cores
from services.formats.talker.head import FACES, MODEL_FILE, PAINTED, REFERENCES, SOUNDS

Paint = Callable[[UInt8Array, UInt8Array, Float32Array], UInt8Array]
"""(references, faces: uint8 BGR [B, S, S, 3]; sounds: float32 [B, C, H, W]) -> uint8 BGR [B, S, S, 3]."""


def open_here(folder: Path, num_threads: int) -> Paint:
    """On onnxruntime. num_threads: 0: a thread a core. Raises BadConfig BUNDLE_DAMAGED."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = num_threads or granted_cores(), 1
    options.log_severity_level = 3
    file = folder / MODEL_FILE
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes have no common base but Exception
        raise BadConfig(
            "BUNDLE_DAMAGED", f"{file} is no network that onnxruntime loads: export it again", str(error)
        ) from error

    def paint(references_BSSC: UInt8Array, faces_BSSC: UInt8Array, sounds_BCHW: Float32Array) -> UInt8Array:
        given = {REFERENCES: references_BSSC, FACES: faces_BSSC, SOUNDS: sounds_BCHW}
        (painted_BSSC,) = session.run([PAINTED], given)
        return to_pixels(painted_BSSC)

    return paint


def to_pixels(painted_BSSC: Float32Array) -> UInt8Array:
    """uint8 of values 0 to 1."""
    return np.rint(np.clip(painted_BSSC, 0, 1) * 255).astype(np.uint8)
