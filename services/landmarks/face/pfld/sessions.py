"""Networks on onnxruntime: one thread, so that they compute the same each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array


def open_session(path: Path, remedy: str) -> Any:
    """An onnxruntime session. Raises BadConfig LIBRARY_MISSING, MODEL_UNREADABLE."""
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise BadConfig("LIBRARY_MISSING", "onnxruntime is not installed: pip install 'visemill[features]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes have no common base but Exception
        raise unreadable(path, "onnxruntime does not load it", remedy, str(error)) from error


def unreadable(path: Path, why: str, remedy: str, detail: str = "") -> BadConfig:
    """The error for a file that is not the network it should be."""
    return BadConfig("MODEL_UNREADABLE", f"{path} cannot be used ({why}): {remedy}", detail)


def planes(image_HWC: UInt8Array) -> Float32Array:
    """float32 [1, C, H, W] of a picture, values as they are."""
    return np.ascontiguousarray(image_HWC.transpose(2, 0, 1)[None], np.float32)
