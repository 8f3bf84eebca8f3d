"""A sound to HuBERT's hidden states.

A sound has mean 0 and variance 1 over the whole of it, and goes through the network 20 s at a time, each piece with the
80 samples more that its last state hears; nothing else reaches over the cut.
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array, Int16Array
from services.features.batching.batcher import AdaptiveBatcher
from services.features.runtimes.torch import on_device, raising_out_of_memory
from services.features.runtimes.weights import seeded_weights, without_weights
from services.features.spec import FeaturesConfig
from services.features.talker.extractors import Extractor, Rows
from services.features.talker.hubert.models import PUBLISHED_AT, HubertFiles, files_of, sizes_of, weights_name
from services.features.talker.hubert.network import Hubert, HubertShape
from services.features.talker.spec import AudioFeaturesConfig
from services.features.tts.checkpoints import any_tensors

LOG = logging.getLogger(__name__)
LAYER = "last_hidden_state"
FPS = 25.0
_HOP, _FRAME = 320, 400
_PIECE_SAMPLES = 1000 * _HOP
# How files of after torch 2.0 name a weight norm.
_OTHER_NAMES = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
# Of another network than the large one.
_ONLY = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}


def open_hubert(config: AudioFeaturesConfig) -> Extractor:
    """Loads the network once. Raises BadConfig as `files_of` and `sizes_of` do, for weights of another network, and
    NO_GPU.
    """
    files = files_of(config)
    weights = weights_name(config, files)
    device = on_device(FeaturesConfig(device=config.device, num_threads=config.num_threads), keeps_blocks=False)
    return HubertExtractor(_network(files, config.seed).to(device), weights, device)


class HubertExtractor:
    """A sound of 16 kHz -> float32 [T, 2, D], 25 rows a second. An odd last state is followed by one of zeros."""

    def __init__(self, network: nn.Module, weights: str, device: torch.device) -> None:
        self._network, self._weights, self._device = network, weights, device
        self._batcher = AdaptiveBatcher(1, "hubert")

    def __call__(self, samples_T: Int16Array, fps: float, name: str) -> Rows:
        """Raises BadConfig OTHER_FPS, BadInput OUT_OF_MEMORY."""
        if fps != FPS:
            raise BadConfig(
                "OTHER_FPS", f"{name}: hubert has 25 rows a second, and the pictures {fps:g}: take --fps 25"
            )
        num_states = max(1, (len(samples_T) - (_FRAME - _HOP)) // _HOP)
        mean, scale = _mean_and_scale(samples_T)
        states_TD: Float32Array | None = None
        for first in range(0, len(samples_T), _PIECE_SAMPLES):
            piece_T = samples_T[first : first + _PIECE_SAMPLES - _HOP + _FRAME]
            if len(piece_T) < _FRAME:
                break
            (made_TD,) = self._batcher.run(self._states, [((piece_T / 32_768 - mean) / scale).astype(np.float32)], name)
            if states_TD is None:
                states_TD = np.zeros((num_states + num_states % 2, made_TD.shape[1]), np.float32)
            at = first // _HOP
            made_TD = made_TD[: num_states - at]
            states_TD[at : at + len(made_TD)] = made_TD
        assert states_TD is not None, "a frame's sound is longer than one state's"
        return Rows(states_TD.reshape(-1, 2, states_TD.shape[1]), self._weights, {"layer": LAYER})

    def _states(self, sounds: list[Float32Array]) -> Float32Array:
        with raising_out_of_memory(), torch.inference_mode():
            made_NTD = self._network(torch.from_numpy(sounds[0][None]).to(self._device))
            states_TD: Float32Array = made_NTD[0].cpu().numpy()
        return states_TD


def _mean_and_scale(samples_T: Int16Array) -> tuple[float, float]:
    """Of the samples in -1..1, in pieces."""
    total = squares = 0.0
    for first in range(0, len(samples_T), _PIECE_SAMPLES):
        piece_T = samples_T[first : first + _PIECE_SAMPLES].astype(np.float64) / 32_768
        total += float(piece_T.sum())
        squares += float(np.square(piece_T).sum())
    mean = total / len(samples_T)
    return mean, math.sqrt(max(0.0, squares / len(samples_T) - mean**2) + 1e-7)


def _network(files: HubertFiles, seed: int) -> nn.Module:
    try:
        shape = _shape(sizes_of(files))
    except (TypeError, ValueError) as error:
        raise BadConfig("BAD_MODEL_CONFIG", f"{files.config}: {error}; take config.json of {PUBLISHED_AT}") from error
    with without_weights():
        network = Hubert(shape)
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    if files.weights is None:
        LOG.warning("hubert is of random weights (seed %d) and its vectors mean nothing: name its folder", seed)
        tensors = seeded_weights(seed, shapes)
    else:
        tensors = any_tensors(files.weights, "weights", shapes, "hubert.", _OTHER_NAMES)
    network.load_state_dict(tensors, strict=True, assign=True)
    return network.eval().requires_grad_(False)


def _shape(said: Mapping[str, Any]) -> HubertShape:
    for name, only in _ONLY.items():
        if said.get(name, only) != only:
            raise ValueError(f"{name} {said[name]!r} is of another network than hubert-large, which has {only!r}")
    names = {field.name for field in dataclasses.fields(HubertShape)}
    sizes = {name: int(value) for name, value in said.items() if name in names}
    channels = said.get("conv_dim")
    if isinstance(channels, list) and channels:
        sizes["conv_channels"] = int(channels[0])
    return HubertShape(**sizes)
