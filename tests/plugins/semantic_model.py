"""The encoder of sequences with seeded weights, by itself: what runtimes and servers are compared with."""

from __future__ import annotations

import torch

from services.base.media.arrays import Float32Array
from services.features.ops import cut, padded
from services.features.runtimes.weights import seeded_weights
from services.features.speech.semantic import EncoderShape, SemanticEncoder


def seeded_encoder(seed: int = 0, shape: EncoderShape | None = None) -> SemanticEncoder:
    """An encoder of seeded weights, for inference."""
    encoder = SemanticEncoder(shape)
    shapes = {name: tuple(tensor.shape) for name, tensor in encoder.state_dict().items()}
    encoder.load_state_dict(seeded_weights(seed, shapes), strict=True)
    return encoder.eval().requires_grad_(False)


class SemanticModel:
    """The encoder in this process: float32 [T_i, C] each -> float32 [T_i, D] each, whatever its neighbours."""

    name = "semantic"

    def __init__(self, seed: int = 0, shape: EncoderShape | None = None) -> None:
        self.weights = f"seeded:{seed}"
        self._encoder = seeded_encoder(seed, shape)

    def __call__(self, sequences: list[Float32Array]) -> list[Float32Array]:
        """In the order given. Raises ValueError as `ops.padded` does."""
        padded_NTC, lengths_N = padded(sequences)
        with torch.inference_mode():
            vectors_NTD = self._encoder(torch.from_numpy(padded_NTC), torch.from_numpy(lengths_N)).numpy()
        return cut(vectors_NTD, lengths_N)
