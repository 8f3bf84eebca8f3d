"""The network of a bundle as the stage calls it: in this process, or at a Triton server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import FRAMES, LENGTHS, LOG_PROBS, MODEL_FILE, BundleCard

Network = Callable[[UInt8Array, str], Float32Array]
"""(uint8 [T, height, width, 3], crops of a mouth; name of the clip, for messages) -> float32 [S, K], ln of the
probabilities of K classes at S steps. Raises BadInput and Transient.
"""


def open_network(config: LipreadingConfig, card: BundleCard) -> Network:
    """Loads the bundle's network, or connects to its server. Raises BadConfig BUNDLE_DAMAGED, LIBRARY_MISSING, and of a
    server MODEL_DIFFERS, NO_MODEL; Transient when it does not answer.
    """
    if config.backend == "onnxruntime":
        return _open_here(Path(config.bundle))
    try:
        from services.lipreading.served import open_served
    except ModuleNotFoundError as error:
        raise _missing_library(error) from error
    return open_served(config, card)


def check_of_server(config: LipreadingConfig, card: BundleCard) -> Callable[[], None]:
    """What returns while the Triton server has the bundle's network, and raises what is missing. Raises BadConfig."""
    try:
        from services.lipreading.served import check_of_triton
    except ModuleNotFoundError as error:
        raise _missing_library(error) from error
    return check_of_triton(config, card)


def _missing_library(error: ModuleNotFoundError) -> BadConfig:
    return BadConfig("LIBRARY_MISSING", f"{error.name} is not installed: pip install 'visemill[triton]'")


def open_session(file: Path) -> Any:
    """An onnxruntime session of one thread, which computes the same each time. Raises BadConfig BUNDLE_DAMAGED."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes have no common base but Exception
        raise BadConfig(
            "BUNDLE_DAMAGED", f"{file} is no network that onnxruntime loads: export it again", str(error)
        ) from error


def _open_here(folder: Path) -> Network:
    session = open_session(folder / MODEL_FILE)

    def network(mouths_THWC: UInt8Array, name: str) -> Float32Array:
        del name
        inputs = {FRAMES: mouths_THWC[None], LENGTHS: np.array([len(mouths_THWC)], np.int64)}
        log_probs_SK: Float32Array = session.run([LOG_PROBS], inputs)[0][0]
        return log_probs_SK

    return network
