"""Any network of sequences of the table, in this process: padded to the longest, with lengths, cut again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array
from services.features.networks import network_named
from services.features.ops import padded
from services.features.runtimes.torch import loaded_network, on_device, raising_out_of_memory
from services.features.spec import FeaturesConfig

Outputs = Mapping[str, npt.NDArray[Any]]


class SequenceNetwork:
    """float32 [T_i, C] each -> its outputs by name, those with a time axis cut to the sequence's own steps.

    Raises BadConfig for a network that takes no sequences, and as `loaded_network` does.
    """

    def __init__(self, config: FeaturesConfig) -> None:
        self.network = network_named(config.model)
        if not self.network.takes_sequences:
            what = self.network.takes
            raise BadConfig("WRONG_NETWORK", f"{config.model} takes {what}, not sequences: take another network")
        self.name = config.vectors_name
        self._device = on_device(config)
        graph, self.weights = loaded_network(config)
        self._graph = graph.to(self._device)

    def __call__(self, sequences: list[Float32Array]) -> list[Outputs]:
        """In the order given. Raises ValueError as `ops.padded` does, and OutOfMemory."""
        padded_NTC, lengths_N = padded(sequences)
        with raising_out_of_memory(), torch.inference_mode():
            given = (torch.from_numpy(padded_NTC).to(self._device), torch.from_numpy(lengths_N).to(self._device))
            answers = self._graph(*given)
            made = answers if isinstance(answers, tuple) else (answers,)
            arrays = [output.cpu().numpy() for output in made]
        return [self._of_one(arrays, i, int(length)) for i, length in enumerate(lengths_N)]

    def _of_one(self, arrays: list[npt.NDArray[Any]], place: int, length: int) -> Outputs:
        found: dict[str, npt.NDArray[Any]] = {}
        for output, array in zip(self.network.outputs, arrays, strict=True):
            row = array[place]
            found[output.name] = np.ascontiguousarray(row[: output.num_steps(length)] if output.has_time else row)
        return found
