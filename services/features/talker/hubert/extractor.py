"""A sound to HuBERT's hidden states.

A sound has mean 0 and variance 1 over the whole of it, and goes through the network 20 s at a time, each piece with the
80 samples more that its last state hears; nothing else reaches over the cut.
"""

from __future__ import annotations

import math

import numpy as np

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, Int16Array
from services.features.backend import FeatureModel, Items
from services.features.batching.in_flight import BatchesOfClip, Departures, Fitted
from services.features.opening import missing_library
from services.features.talker.extractors import Extractor, Rows
from services.features.talker.hubert.models import files_of, weights_name
from services.features.talker.hubert.steps import HOP_SAMPLES, STEP_SAMPLES, STEPS, num_states, steps_of
from services.features.talker.spec import AudioFeaturesConfig

LAYER = "last_hidden_state"
FPS = 25.0
_PIECE_SAMPLES = 1000 * HOP_SAMPLES


def open_hubert(config: AudioFeaturesConfig) -> Extractor:
    """Loads the network once. Raises BadConfig as `files_of` and `sizes_of` do, for weights of another network, and
    NO_GPU; of a server as `TritonClient` does.
    """
    return HubertExtractor(_model(config))


def _model(config: AudioFeaturesConfig) -> FeatureModel:
    if config.backend == "triton":
        try:
            from services.features.triton.networks import TritonWindows, client_of
        except ModuleNotFoundError as error:
            raise missing_library(error, "triton") from error
        weights = weights_name(config, files_of(config))
        return TritonWindows(client_of(config, config.model, weights), STEPS, config.triton_in_flight)
    try:
        if config.backend == "onnxruntime":
            from services.features.talker.hubert.exported import open_onnx_hubert

            return open_onnx_hubert(config)
        from services.features.talker.hubert.loaded import open_torch_hubert
    except ModuleNotFoundError as error:
        raise missing_library(error, "talker") from error
    return open_torch_hubert(config)


class _States:
    """A FeatureModel of one piece at a time, which gives float32 [T, D] of its steps [1, T, 400]."""

    def __init__(self, model: FeatureModel) -> None:
        self.name, self.weights, self.num_in_flight = model.name, model.weights, model.num_in_flight
        self._model = model

    def __call__(self, items_NX: Items) -> Float32Array:
        (states_TD,) = self._model(items_NX)
        return np.asarray(states_TD, np.float32)


class HubertExtractor:
    """A sound of 16 kHz -> float32 [T, 2, D], 25 rows a second. An odd last state is followed by one of zeros."""

    def __init__(self, model: FeatureModel) -> None:
        self._departures = Departures(Fitted(_States(model), 1), 1)

    def __call__(self, samples_T: Int16Array, fps: float, name: str) -> Rows:
        """Raises BadConfig OTHER_FPS, BadInput OUT_OF_MEMORY."""
        if fps != FPS:
            raise BadConfig(
                "OTHER_FPS", f"{name}: hubert has 25 rows a second, and the pictures {fps:g}: take --fps 25"
            )
        mean, scale = _mean_and_scale(samples_T)
        batches = BatchesOfClip(self._departures, name)
        for first in range(0, len(samples_T), _PIECE_SAMPLES):
            piece_T = samples_T[first : first + _PIECE_SAMPLES - HOP_SAMPLES + STEP_SAMPLES]
            if not num_states(len(piece_T)):
                break
            batches.send(steps_of(((piece_T / 32_768 - mean) / scale).astype(np.float32))[None])
        states_TD = batches.answers()
        if len(states_TD) % 2:
            states_TD = np.concatenate([states_TD, np.zeros_like(states_TD[:1])])
        return Rows(states_TD.reshape(-1, 2, states_TD.shape[1]), self._departures.computer.weights, {"layer": LAYER})


def _mean_and_scale(samples_T: Int16Array) -> tuple[float, float]:
    """Of the samples in -1..1, in pieces."""
    total = squares = 0.0
    for first in range(0, len(samples_T), _PIECE_SAMPLES):
        piece_T = samples_T[first : first + _PIECE_SAMPLES].astype(np.float64) / 32_768
        total += float(piece_T.sum())
        squares += float(np.square(piece_T).sum())
    mean = total / len(samples_T)
    return mean, math.sqrt(max(0.0, squares / len(samples_T) - mean**2) + 1e-7)
