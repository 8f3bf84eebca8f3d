"""The user's encoder in this process: windows through it one by one, each a chunk of its own.

Its caches are zeros, and its offset is 100, as SyncTalk_2D and Ultralight-Digital-Human call it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array
from services.features.backend import Items
from services.features.networks import Array
from services.features.ops import as_array
from services.features.runtimes.onnx import open_session
from services.features.speech.filterbank import NUM_BINS

WINDOW_FRAMES = 67
WINDOWS = Array("windows", "float32", ("N", 1, WINDOW_FRAMES, NUM_BINS))
STATES = Array("states", "float32", ("N", 16, 512))
CHUNK = "chunk"
FIXED = {
    "offset": np.array([100], np.int64),
    "att_cache": np.zeros((3, 8, 16, 128), np.float32),
    "cnn_cache": np.zeros((3, 1, 512, 14), np.float32),
}
"""Inputs of the file beside the chunk."""


class WenetEncoder:
    """A FeatureModel of windows. Raises BadConfig MODEL_UNREADABLE, MODEL_OF_ANOTHER_NETWORK."""

    name = "wenet"
    num_in_flight = 1

    def __init__(self, path: Path, weights: str, num_threads: int = 1) -> None:
        self.weights = weights
        self._session = open_session(path, num_threads, "copy it again")
        names = {given.name for given in self._session.get_inputs()}
        if names != {CHUNK, *FIXED}:
            raise BadConfig(
                "MODEL_OF_ANOTHER_NETWORK",
                f"{path} takes {', '.join(sorted(names))}, and the encoder takes {', '.join([CHUNK, *FIXED])}: give "
                "WeNet's encoder.onnx",
            )

    def __call__(self, items_NX: Items) -> Float32Array:
        """As FeatureModel: float32 [N, 16, 512]."""
        states = [
            self._session.run(None, {CHUNK: window_1TB[None], **FIXED})[0][0]
            for window_1TB in as_array(WINDOWS, items_NX)
        ]
        return np.stack(states).astype(np.float32, copy=False)
