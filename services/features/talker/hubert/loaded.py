"""The network with a user's weights or seeded ones, on torch, and as a graph of steps."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from services.base.errors import BadConfig
from services.base.media.arrays import Float32Array
from services.features.backend import Items
from services.features.runtimes.torch import on_device, raising_out_of_memory
from services.features.runtimes.weights import seeded_weights, without_weights
from services.features.spec import FeaturesConfig
from services.features.talker.hubert.models import PUBLISHED_AT, HubertFiles, files_of, sizes_of, weights_name
from services.features.talker.hubert.network import Hubert, HubertShape
from services.features.talker.hubert.steps import HOP_SAMPLES
from services.features.talker.spec import AudioFeaturesConfig
from services.features.tts.checkpoints import any_tensors

LOG = logging.getLogger(__name__)
# How files of after torch 2.0 name a weight norm.
_OTHER_NAMES = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
# Of another network than the large one.
_ONLY = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}


class HubertOfSteps(nn.Module):
    """float32 [N, T, 400], what each state hears -> its states, [N, T, D]."""

    def __init__(self, network: Hubert) -> None:
        super().__init__()
        self.network = network
        self.num_values: int = network.encoder.layer_norm.normalized_shape[0]

    def forward(self, steps_NTF: Tensor) -> Tensor:
        hops_NS, end_NS = steps_NTF[:, :, :HOP_SAMPLES].flatten(1), steps_NTF[:, -1, HOP_SAMPLES:]
        states_NTD: Tensor = self.network(torch.cat([hops_NS, end_NS], 1))
        return states_NTD


class TorchHubert:
    """A FeatureModel of steps."""

    name = "hubert"
    num_in_flight = 1

    def __init__(self, graph: nn.Module, weights: str, device: torch.device) -> None:
        self.weights = weights
        self._graph, self._device = graph.to(device), device

    def __call__(self, items_NX: Items) -> Float32Array:
        """As FeatureModel."""
        with raising_out_of_memory(), torch.inference_mode():
            states_NTD: Float32Array = self._graph(torch.from_numpy(items_NX).to(self._device)).cpu().numpy()
        return states_NTD


def open_torch_hubert(config: AudioFeaturesConfig) -> TorchHubert:
    """Raises BadConfig as `graph_of_steps` does, and NO_GPU."""
    graph, weights = graph_of_steps(config)
    device = on_device(FeaturesConfig(device=config.device, num_threads=config.num_threads), keeps_blocks=False)
    return TorchHubert(graph, weights, device)


def graph_of_steps(config: AudioFeaturesConfig) -> tuple[HubertOfSteps, str]:
    """On the CPU, for inference; and how it got its weights. Raises BadConfig as `files_of` and `sizes_of` do, and for
    weights of another network.
    """
    files = files_of(config)
    weights = weights_name(config, files)
    graph = HubertOfSteps(_network(files, config.seed))
    return graph.eval().requires_grad_(False), weights


def _network(files: HubertFiles, seed: int) -> Hubert:
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
    return network


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
