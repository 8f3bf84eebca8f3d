"""The torch backend: a network in this process, on its CPU or GPU."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import nn

from services.base.errors import BadConfig, OutOfMemory
from services.base.media.arrays import Float32Array
from services.base.process.memory import is_out_of_memory, keep_large_blocks
from services.features import ops
from services.features.backend import FeatureModel, Items
from services.features.device import chosen_device
from services.features.networks import Network, network_named
from services.features.runtimes.weights import load_weights
from services.features.spec import FeaturesConfig

# A piece's largest layer takes 44 MB; and all that is free between two layers.
_KEPT_BLOCK_BYTES, _KEPT_FREE_BYTES = 64 << 20, 256 << 20

LOG = logging.getLogger(__name__)


def open_torch(config: FeaturesConfig) -> FeatureModel:
    """Loads the network. Raises BadConfig for weights that do not load, or a GPU that torch cannot use."""
    return TorchModel(config)


def loaded_network(config: FeaturesConfig) -> tuple[nn.Module, str]:
    """The network of a config on the CPU, for inference, and how it got its weights. Raises BadConfig."""
    network: nn.Module = network_named(config.model).builds()
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    weights, weights_name = load_weights(config, shapes)
    network.load_state_dict(weights, strict=True)
    return network.eval().requires_grad_(False), weights_name


def graph_of(network: Network, module: nn.Module) -> nn.Module:
    """The module from the network's inputs to its outputs."""
    wrapped: nn.Module = module if network.graph is None else network.graph(module)
    return wrapped.eval().requires_grad_(False)


class OnDevice(Protocol):
    """The settings of a stage that say where its networks compute. device: "auto", "cpu" or "cuda"."""

    @property
    def device(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def num_threads(self) -> int: ...


def on_device(config: OnDevice, *, keeps_blocks: bool = True) -> torch.device:
    """The device of a config, on which all that decides bytes is fixed from now on. Raises BadConfig.

    keeps_blocks: whether a CPU's memory of one layer is kept for the next, which is faster where all inputs have one
    size, and costs memory where they have many.
    """
    device = _device(config)
    _settle(config, device)
    if keeps_blocks and device.type == "cpu":
        keep_large_blocks(_KEPT_BLOCK_BYTES, _KEPT_FREE_BYTES)
    return device


class TorchModel:
    """A FeatureModel. Same items in the same batch, same bytes, on one kind of device."""

    num_in_flight = 1

    def __init__(self, config: FeaturesConfig) -> None:
        self.name: str = config.vectors_name
        self._device = on_device(config)
        entry = network_named(config.model)
        network, self.weights = loaded_network(config)
        if entry.tunes is not None:
            entry.tunes(network, config, self._device.type)
        else:
            network.to(dtype=getattr(torch, config.dtype))
        self._model = graph_of(entry, network).to(self._device)
        self._network = entry
        (taken,) = entry.inputs
        # What fails on one item here is no lack of memory later, and the first clip does not wait for it.
        self._run(ops.zeros(taken))
        LOG.info("features: %s (%s) on %s", self.name, self.weights, self._device)

    def __call__(self, items_NX: Items) -> Float32Array:
        """As FeatureModel. The stretch of frames is OpenCV's, on the CPU."""
        taken_NX = ops.as_taken(self._network, items_NX)
        size = ops.cpu_piece(self._network) if self._device.type == "cpu" else len(taken_NX)
        with raising_out_of_memory():
            return ops.by_pieces(self._run, taken_NX, size)

    def _run(self, items_NX: Items) -> Float32Array:
        with torch.inference_mode():
            vectors: Float32Array = self._model(torch.from_numpy(items_NX).to(self._device)).cpu().numpy()
        return vectors


def _device(config: OnDevice) -> torch.device:
    device = chosen_device(config.device)
    if device == "cuda" and not torch.cuda.is_available():
        raise BadConfig(
            "NO_GPU",
            f"device {config.device} was requested or pinned with the run, and torch {torch.__version__} reaches no "
            "GPU here: resume where there is one (a torch that is built for CUDA, and its driver), or begin a new run "
            "with device auto, which takes a GPU where there is one, in a new output root",
        )
    if device == "cpu" and config.dtype == "float16":
        raise BadConfig("NO_GPU", "dtype float16 is for a GPU, and there is none: take dtype bfloat16 or float32")
    return torch.device(device)


def _settle(config: OnDevice, device: torch.device) -> None:
    """What decides the bytes is fixed once a process, whatever its environment says."""
    if device.type == "cpu":
        torch.set_num_threads(config.num_threads)
    else:
        # Float32 means float32: TF32 keeps 10 bits. Trying out algorithms would pick one by timing.
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True


@contextmanager
def raising_out_of_memory() -> Iterator[None]:
    """Turns the several ways in which torch says so into OutOfMemory."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        message = str(error)
    except (MemoryError, RuntimeError) as error:
        # What oneDNN cannot do at all failed at the start.
        if not is_out_of_memory(error):
            raise
        message = str(error)
    else:
        return
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    raise OutOfMemory(message)
