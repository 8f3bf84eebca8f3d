"""Which weights a config means, by name. Imports no library, so a name costs at most one read of the file."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from services.base.errors import BadConfig
from services.base.store.by_digest import cache_folder, fetched, is_uri
from services.base.worker.fingerprint import remembered_sha256
from services.features.networks import network_named
from services.features.spec import FeaturesConfig
from services.features.weights_file import check_onnx, check_state_dict

LOG = logging.getLogger(__name__)


def models_of(config: FeaturesConfig) -> dict[str, str]:
    """The network's name -> `weights_of`. Raises BadConfig as it does, and for a file that cannot be the network's."""
    weights = weights_of(config)
    # With triton the file says which weights the server must serve, and nobody loads it.
    if config.weights and config.backend != "triton" and not is_uri(config.weights):
        _check_format(config, weights_path(config))
    return {config.model: weights}


def _check_format(config: FeaturesConfig, path: Path | None) -> None:
    """What other formats hold, their own readers check; a file of a store is fetched where it is loaded."""
    assert path is not None
    network = network_named(config.model)
    if config.backend == "onnxruntime" and path.suffix == ".onnx":
        check_onnx(path, network.flag, config.model)
    elif path.suffix != ".safetensors":
        check_state_dict(path, network.flag, network.some_tensors, network.remedy or network.name, network.prefix)


def weights_of(config: FeaturesConfig) -> str:
    """What the weights are: "sha256:<hex>", or "seeded:<seed>"; for triton, what the server must serve.

    Raises BadConfig when the file is missing, cannot be read, or is not the one that `weights_sha256` names. A file of
    a store is not fetched for its name.
    """
    if is_uri(config.weights) and config.weights_sha256:
        return config.weights_name
    path = weights_path(config)
    if path is None:
        return config.weights_name
    digest = sha256_of(path)
    check_digest(digest, config)
    return f"sha256:{digest}"


def weights_path(config: FeaturesConfig) -> Path | None:
    """The file of the weights: a path, a name in a folder of $VISEMILL_MODELS, or a file of a store, fetched once.

    Where none is named, the one that the network's table names, if a folder of $VISEMILL_MODELS has it; None: seeded
    ones. Raises BadConfig when a file that is named is missing, or is not the one that the table names.
    """
    network = network_named(config.model)
    if config.backend == "triton" and not config.weights:
        return None
    if not config.weights:
        found = _in_models(network.file) if network.file and not config.weights_sha256 else None
        if found is not None and (digest := sha256_of(found)) != network.sha256:
            raise BadConfig(
                "WEIGHTS_CHANGED",
                f"{found} has sha256 {digest}, and {network.name} is published with {network.sha256}: delete it and "
                "get it again, or name it as your own file with its flag",
            )
        return found
    if is_uri(config.weights):
        return fetched(config.weights, config.weights_sha256, cache_folder(os.environ))
    path = Path(config.weights).expanduser()
    found = path if path.is_file() else _in_models(config.weights)
    if found is None:
        whose = network.remedy or network.name
        raise BadConfig(
            "WEIGHTS_MISSING",
            f"{network.flag} {config.weights!r} is no file, nor a name in a folder of $VISEMILL_MODELS: give the path "
            f"of the weights of {whose}, or none for seeded random ones",
        )
    return found


def _in_models(name: str) -> Path | None:
    """The file of that name in the first folder of $VISEMILL_MODELS that has it."""
    if not name or "/" in name:
        return None
    folders = os.environ.get("VISEMILL_MODELS", "").split(os.pathsep)
    return next((path for folder in folders if folder and (path := Path(folder) / name).is_file()), None)


def warn_of_random_weights(seed: int) -> None:
    """Says loudly that the vectors will mean nothing."""
    LOG.warning("features are of random weights (seed %d) and mean nothing: give the file of trained ones", seed)


def check_digest(digest: str, config: FeaturesConfig) -> None:
    """Raises BadConfig when sha256 (hex) is not what `weights_sha256` asks for."""
    if config.weights_sha256 and digest != config.weights_sha256:
        raise BadConfig(
            "WEIGHTS_CHANGED",
            f"{config.weights} has sha256 {digest}, but weights_sha256 asks for {config.weights_sha256}: "
            "get the right file, or give its own digest",
        )


def sha256_of(path: Path) -> str:
    """sha256 (hex) of a file, remembered while its size and time stay. Raises BadConfig when it cannot be read."""
    try:
        return remembered_sha256(path)
    except OSError as error:
        raise BadConfig(
            "WEIGHTS_UNREADABLE", f"{path} cannot be read ({error.strerror}): check its permissions"
        ) from error
