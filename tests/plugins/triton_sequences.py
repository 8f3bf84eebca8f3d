"""A client of networks of sequences on a Triton server, for tests and benchmarks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array
from services.features.ops import cut, padded
from services.triton.client import TritonClient


class TritonSequences:
    """A network of sequences on a server: padded, with their lengths."""

    def __init__(self, client: TritonClient, batch_size: int = 8, num_in_flight: int = 4) -> None:
        self._client = client
        facts = client.facts
        self.name, self.weights = facts.name, facts.weights
        wide = [name for name, dims in facts.inputs.items() if len(dims) == 2]
        narrow = [name for name, dims in facts.inputs.items() if len(dims) < 2]
        if len(wide) != 1 or len(narrow) != 1 or len(facts.outputs) != 1:
            raise BadConfig("WRONG_MODEL", f"{facts.name} must take sequences [T,C] and lengths, not {facts}")
        self._input, self._lengths, (self._output,) = wide[0], narrow[0], facts.outputs
        self._most = min(batch_size, facts.max_batch_size)
        self._threads = ThreadPoolExecutor(num_in_flight, thread_name_prefix="triton")

    def __call__(self, sequences: list[Float32Array]) -> list[Float32Array]:
        """float32 [T_i,C] each -> float32 [T_i,D] each. Raises as TritonClient.infer does."""
        # Neighbours of like length need the least padding.
        order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
        groups = [order[i : i + self._most] for i in range(0, len(order), self._most)]
        asked = [self._threads.submit(self._one, [sequences[i] for i in group]) for group in groups]
        found: dict[int, Float32Array] = {}
        for group, future in zip(groups, asked, strict=True):
            found.update(zip(group, future.result(), strict=True))
        return [found[i] for i in range(len(sequences))]

    def _one(self, group: list[Float32Array]) -> list[Float32Array]:
        padded_NTC, lengths_N = padded(group)
        answer_NTD = self._client.infer([(self._input, padded_NTC), (self._lengths, lengths_N[:, None])], self._output)
        return cut(answer_NTD.astype(np.float32, copy=False), lengths_N)
