"""Which weights a config means, by name. Imports no library, so a name costs at most one read of the file."""

from __future__ import annotations

import logging
from pathlib import Path

from services.base.errors import BadConfig
from services.base.worker.fingerprint import remembered_sha256
from services.features.spec import FeaturesConfig
from services.features.weights_file import check_state_dict

# Of a run; a server's is --weights.
FLAG = "--iv3-weights"
# Of torchvision's inception_v3: its first and its last layers.
SOME_TENSORS = ("Conv2d_1a_3x3.conv.weight", "AuxLogits.fc.weight", "Mixed_7c.branch_pool.bn.running_var", "fc.weight")
LOG = logging.getLogger(__name__)


def models_of(config: FeaturesConfig) -> dict[str, str]:
    """The network's name -> `weights_of`. Raises BadConfig as it does, and for a file that cannot be the network's."""
    weights = weights_of(config)
    if config.weights:
        check_state_dict(weights_path(config), FLAG, SOME_TENSORS)
    return {config.model: weights}


def weights_of(config: FeaturesConfig) -> str:
    """What the weights are: "sha256:<hex>", or "seeded:<seed>"; for triton, what the server must serve.

    Raises BadConfig when the file is missing, cannot be read, or is not the one that `weights_sha256` names.
    """
    if not config.weights:
        return config.weights_name
    digest = sha256_of(weights_path(config))
    check_digest(digest, config)
    return f"sha256:{digest}"


def weights_path(config: FeaturesConfig) -> Path:
    """The user's file. Raises BadConfig when there is none."""
    path = Path(config.weights).expanduser()
    if not path.is_file():
        raise BadConfig(
            "WEIGHTS_MISSING",
            f"{FLAG} {config.weights!r} is no file: give the path of torchvision's inception_v3 weights, or none for "
            "seeded random ones",
        )
    return path


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
