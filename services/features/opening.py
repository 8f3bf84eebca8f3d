"""The network that a config asks for, opened in-process or at a Triton server."""

from __future__ import annotations

from collections.abc import Callable

from services.base.errors import BadConfig
from services.features.backend import FeatureModel
from services.features.models import weights_of
from services.features.networks import Takes, names_of, network_named
from services.features.spec import FeaturesConfig


def open_model(config: FeaturesConfig, has: Takes = "frames") -> FeatureModel:
    """The network that a config asks for, loaded. has: what the caller has for it, frames or windows.

    Raises BadConfig for a missing library, file or model.
    """
    network = network_named(config.model)
    if network.takes != has:
        raise BadConfig(
            "WRONG_NETWORK",
            f"{config.model} takes {network.takes}, and this stage has {has}: take {' or '.join(names_of(has))}",
        )
    if config.backend == "triton":
        try:
            from services.features.triton.networks import open_triton
        except ModuleNotFoundError as error:
            raise missing_library(error, "triton") from error
        return open_triton(config)
    try:
        if config.backend == "onnxruntime":
            from services.features.runtimes.onnx import open_onnx

            return open_onnx(config)
        from services.features.runtimes.torch import open_torch
    except ModuleNotFoundError as error:
        raise missing_library(error, "features") from error
    return open_torch(config)


def check_of_triton(config: FeaturesConfig) -> Callable[[], None]:
    """What returns while the server serves the config's model, and raises what is missing. Raises BadConfig."""
    try:
        from services.triton.client import ModelProbe
    except ModuleNotFoundError as error:
        raise missing_library(error, "triton") from error
    return ModelProbe(config.triton, config.model, lambda: weights_of(config)).check


def missing_library(error: ModuleNotFoundError, extra: str) -> BadConfig:
    """What to raise for a library of that extra."""
    return BadConfig("LIBRARY_MISSING", f"{error.name} is not installed: pip install 'visemill[{extra}]'")
