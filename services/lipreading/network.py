"""The networks of a bundle as the stage calls them: in this process, or at a Triton server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, UInt8Array
from services.lipreading.spec import LipreadingConfig
from services.lips.bundle import FRAMES, LENGTHS, BundleCard

Inputs = Mapping[str, npt.NDArray[Any]]
Network = Callable[[Inputs, Sequence[str], str], list[Float32Array]]
"""(inputs by their names, [1, ...] of one clip; names of outputs; name of the clip, for messages) -> these outputs,
[1, ...], which may be longer than asked for, on axes that may have any size. Raises BadInput and Transient.
"""


def open_network(config: LipreadingConfig, card: BundleCard, part: str = "model") -> Network:
    """Loads a network of the bundle, or connects to its server. part: `model`, or `decoder` where there is one.

    Raises BadConfig BUNDLE_DAMAGED, LIBRARY_MISSING, and of a server MODEL_DIFFERS, NO_MODEL; Transient when it does
    not answer.
    """
    if config.backend == "onnxruntime":
        return _open_here(Path(config.bundle) / card.files[part])
    try:
        from services.lipreading.served import open_served
    except ModuleNotFoundError as error:
        raise _missing_library(error) from error
    return open_served(config, card, part)


def check_of_server(config: LipreadingConfig, card: BundleCard) -> Callable[[], None]:
    """What returns while the Triton server has the bundle's networks, and raises what is missing. Raises BadConfig."""
    try:
        from services.lipreading.served import check_of_triton
    except ModuleNotFoundError as error:
        raise _missing_library(error) from error
    return check_of_triton(config, card)


@dataclass(frozen=True)
class Encoder:
    """The network that sees the mouths of a clip. outputs: of it."""

    network: Network
    outputs: tuple[str, ...]
    steps_per_frame: int

    def __call__(self, mouths_THWC: UInt8Array, name: str) -> list[Float32Array]:
        """(uint8 [T, height, width, 3], crops of a mouth; name of the clip, for messages) -> outputs [S, ...] of its
        S steps. Raises BadConfig WRONG_MODEL, and as the network.
        """
        inputs: Inputs = {FRAMES: mouths_THWC[None], LENGTHS: np.array([len(mouths_THWC)], np.int64)}
        found = self.network(inputs, self.outputs, name)
        num_steps = len(mouths_THWC) * self.steps_per_frame
        for output, array_1Sx in zip(self.outputs, found, strict=True):
            if array_1Sx.shape[1] < num_steps:
                raise BadConfig(
                    "WRONG_MODEL",
                    f"the network gives {array_1Sx.shape[1]} steps of {output} for {len(mouths_THWC)} frames, and the "
                    f"bundle's card says {num_steps}: export the bundle again",
                )
        return [array_1Sx[0, :num_steps] for array_1Sx in found]


def open_encoder(config: LipreadingConfig, card: BundleCard, outputs: Sequence[str]) -> Encoder:
    """Raises as `open_network`."""
    return Encoder(open_network(config, card), tuple(outputs), card.steps_per_frame)


def _missing_library(error: ModuleNotFoundError) -> BadConfig:
    return BadConfig("LIBRARY_MISSING", f"{error.name} is not installed: pip install 'visemill[triton]'")


def _open_here(file: Path) -> Network:
    """On onnxruntime with one thread, which computes the same each time. Raises BadConfig BUNDLE_DAMAGED."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes have no common base but Exception
        raise BadConfig(
            "BUNDLE_DAMAGED", f"{file} is no network that onnxruntime loads: export it again", str(error)
        ) from error

    def network(inputs: Inputs, outputs: Sequence[str], name: str) -> list[Float32Array]:
        del name
        found: list[Float32Array] = session.run(list(outputs), dict(inputs))
        return found

    return network
