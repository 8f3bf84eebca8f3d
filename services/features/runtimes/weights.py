"""Weights of the networks: a user's file, checked, or seeded random ones, said loudly."""

from __future__ import annotations

import hashlib
import logging
import math
import pickle
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from services.base.errors import BadConfig
from services.features.models import check_digest, sha256_of, warn_of_random_weights, weights_path
from services.features.networks import Network, network_named
from services.features.runtimes import safetensors
from services.features.spec import FeaturesConfig

LOG = logging.getLogger(__name__)

# torchvision names its files by the first digits of their sha256: inception_v3_google-0cc3c7bd.pth is IMAGENET1K_V1.
IMAGENET1K_V1_PREFIX = "0cc3c7bd"
_HASHED_NAME = re.compile(r"-([0-9a-f]{8,64})\.pth$")

Shapes = Mapping[str, tuple[int, ...]]
_PIECE_VALUES = 1 << 20


@contextmanager
def without_weights() -> Iterator[None]:
    """Networks that are made meanwhile have shapes alone: give them tensors with `load_state_dict(assign=True)`."""
    with torch.device("meta"), _Uninitialised():
        yield


class _Uninitialised(TorchFunctionMode):
    """Nothing is drawn by torch.nn.init: a normal distribution on the device meta takes torch's compiler, whose import
    costs a process as much time as that of torch.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if getattr(func, "__module__", None) == torch.nn.init.__name__:
            return given["tensor"] if "tensor" in given else args[0]
        return func(*args, **given)


def load_weights(config: FeaturesConfig, shapes: Shapes) -> tuple[dict[str, torch.Tensor], str]:
    """The tensors by name and how the network got them: "sha256:<hex>" or "seeded:<seed>".

    shapes: every name that the network has. Raises BadConfig for a file that is missing, damaged or another network's.
    """
    path = weights_path(config)
    if path is None:
        if config.weights_sha256:
            raise BadConfig(
                "WEIGHTS_MISSING",
                f"weights_sha256 asks for {config.weights_sha256}, but no file is given: name it too",
            )
        warn_of_random_weights(config.seed)
        return seeded_weights(config.seed, shapes), f"seeded:{config.seed}"
    return _from_file(path, config, shapes)


def seeded_weights(seed: int, shapes: Shapes) -> dict[str, torch.Tensor]:
    """Weights that are a function of the seed and each name, whatever the library's version.

    Uniform with the variance 2 / fan_in, under which a rectified network neither fades nor explodes (He et al. 2015,
    https://arxiv.org/abs/1502.01852); norms do nothing: mean 0, variance 1, scale 1, shift 0.
    """
    return {name: _seeded(seed, name, shape) for name, shape in shapes.items()}


def _seeded(seed: int, name: str, shape: tuple[int, ...]) -> torch.Tensor:
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    if len(shape) < 2:
        return torch.ones(shape) if name.endswith(("weight", "running_var", "gamma")) else torch.zeros(shape)
    digest = hashlib.sha256(f"visemill/{seed}/{name}".encode()).digest()
    # Raw bits: numpy promises the same ones for ever, of its distributions it does not.
    stream = np.random.PCG64(int.from_bytes(digest[:16], "big"))
    bound = np.float32(math.sqrt(6.0 / math.prod(shape[1:])))
    values = np.empty(math.prod(shape), np.float32)
    # In pieces: the bits of a tensor are twice its size, and the largest is half a gigabyte.
    for start in range(0, len(values), _PIECE_VALUES):
        piece = values[start : start + _PIECE_VALUES]
        bits = stream.random_raw(len(piece)) >> np.uint64(40)
        piece[:] = bits
        piece *= np.float32(2.0**-23)
        piece -= np.float32(1.0)
        piece *= bound
    return torch.from_numpy(values.reshape(shape))


def _from_file(path: Path, config: FeaturesConfig, shapes: Shapes) -> tuple[dict[str, torch.Tensor], str]:
    """The file is read in pieces for its digest, and mapped for its tensors: one of any size is never held whole."""
    digest = sha256_of(path)
    check_digest(digest, config)
    _check_name(path.name, digest)
    try:
        loaded = _mapped(path)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError, OSError) as error:
        raise BadConfig(
            "WEIGHTS_UNREADABLE",
            f"{path} is no state dict that torch loads with weights_only=True, nor a file of the safetensors format: "
            "save `model.state_dict()` to it",
            str(error),
        ) from error
    network = network_named(config.model)
    tensors = _with_counters(_with_prefix(_tensors(path.name, loaded), network.prefix), shapes)
    _check_shapes(path.name, tensors, shapes, network)
    _check_values(path.name, tensors)
    known = "torchvision's IMAGENET1K_V1" if digest.startswith(IMAGENET1K_V1_PREFIX) else "not torchvision's own file"
    LOG.info("features use weights sha256:%s (%s)", digest, known)
    return {name: tensors[name] for name in shapes}, f"sha256:{digest}"


def _mapped(path: Path) -> object:
    return safetensors.load(path) if path.suffix == ".safetensors" else load_mapped(path)


def load_mapped(path: Path) -> object:
    """What torch has saved to a file, without running code of it; mapped, so that processes share its pages.

    Raises what torch.load raises, and OSError.
    """
    # Files of torch before 1.6 are no archives, and cannot be mapped.
    return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))


def _check_name(name: str, digest: str) -> None:
    promised = _HASHED_NAME.search(name)
    if promised and not digest.startswith(promised[1]):
        raise BadConfig(
            "WEIGHTS_DAMAGED",
            f"{name} promises a sha256 that begins with {promised[1]}, but has {digest}: download it again",
        )


def _tensors(name: str, loaded: object) -> Mapping[str, torch.Tensor]:
    if not isinstance(loaded, Mapping) or not all(isinstance(v, torch.Tensor) for v in loaded.values()):
        raise BadConfig("WEIGHTS_UNREADABLE", f"{name} holds no state dict: save `model.state_dict()` to it")
    return loaded


def _with_prefix(loaded: Mapping[str, torch.Tensor], prefix: str) -> Mapping[str, torch.Tensor]:
    """Under the module's own names, where the file leaves out what all of them begin with."""
    if any(name.startswith(prefix) for name in loaded):
        return loaded
    return {f"{prefix}{name}": tensor for name, tensor in loaded.items()}


def _with_counters(loaded: Mapping[str, torch.Tensor], shapes: Shapes) -> Mapping[str, torch.Tensor]:
    """With what files from before 2018 lack and torch too adds: on how many batches a norm was trained."""
    missing = [name for name in shapes if name.endswith("num_batches_tracked") and name not in loaded]
    return {**loaded, **{name: torch.zeros(shapes[name], dtype=torch.int64) for name in missing}}


def _check_values(name: str, loaded: Mapping[str, torch.Tensor]) -> None:
    wrong = sorted(key for key, value in loaded.items() if not torch.isfinite(value).all())
    if wrong:
        raise BadConfig(
            "WEIGHTS_NOT_FINITE",
            f"{name} holds NaN or infinity in {len(wrong)} tensors, the first {wrong[0]}: save it again from a "
            "checkpoint before the training diverged",
        )


def _check_shapes(name: str, loaded: Mapping[str, torch.Tensor], shapes: Shapes, network: Network) -> None:
    found = {key: tuple(value.shape) for key, value in loaded.items()}
    wrong = sorted(key for key in {*shapes, *found} if shapes.get(key) != found.get(key))
    if wrong:
        shown = "; ".join(f"{key}: {found.get(key, 'missing')}, not {shapes.get(key, 'known')}" for key in wrong[:3])
        raise BadConfig(
            "WEIGHTS_OF_ANOTHER_NETWORK",
            f"{name} differs in {len(wrong)} of {len(shapes)} tensors ({shown}): give weights of "
            f"{network.remedy or network.name}",
        )
