"""Which files a user has of the network: a folder as published, or its file of weights. Imports no library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig
from services.features.models import sha256_of
from services.features.talker.spec import AudioFeaturesConfig

PUBLISHED_AT = "https://huggingface.co/facebook/hubert-large-ls960-ft"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_CONFIG = "config.json"
_MOST_CONFIG_BYTES = 1 << 20


@dataclass(frozen=True)
class HubertFiles:
    """weights: None for seeded random ones. config: of the network's sizes; None: the published ones."""

    weights: Path | None = None
    config: Path | None = None


def files_of(config: AudioFeaturesConfig) -> HubertFiles:
    """The files that `weights` names. Raises BadConfig MODEL_MISSING."""
    if not config.weights:
        return HubertFiles()
    named = Path(config.weights).expanduser()
    weights = named
    if named.is_dir():
        weights = next((path for name in _WEIGHTS if (path := named / name).is_file()), named / _WEIGHTS[0])
    if not weights.is_file():
        raise BadConfig(
            "MODEL_MISSING",
            f"weights {config.weights!r} is no file, nor a folder with {' or '.join(_WEIGHTS)}: give a copy of "
            f"{PUBLISHED_AT}, or none for seeded random ones",
        )
    beside = weights.with_name(_CONFIG)
    return HubertFiles(weights, beside if beside.is_file() else None)


def models_of(config: AudioFeaturesConfig) -> dict[str, str]:
    """How the network gets its weights, and the digest of its sizes. Raises BadConfig as `files_of`, and
    WEIGHTS_CHANGED where `weights_sha256` names others.
    """
    files = files_of(config)
    models = {"hubert": weights_name(config, files)}
    return models if files.config is None else {**models, "hubert_config": f"sha256:{sha256_of(files.config)}"}


def weights_name(config: AudioFeaturesConfig, files: HubertFiles) -> str:
    """The name, "sha256:<hex>" or "seeded:<seed>"; for triton, what the server must serve. Raises BadConfig as
    `models_of`.
    """
    digest = "" if files.weights is None else sha256_of(files.weights)
    if config.backend == "triton" and not digest:
        # What the server must serve.
        digest = config.weights_sha256
    if config.weights_sha256 and digest != config.weights_sha256:
        raise BadConfig(
            "WEIGHTS_CHANGED",
            f"weights_sha256 asks for {config.weights_sha256}, and {files.weights or 'no file'} has "
            f"{digest or 'none'}: give the right file, or its own digest",
        )
    return f"sha256:{digest}" if digest else f"seeded:{config.seed}"


def sizes_of(files: HubertFiles) -> Mapping[str, Any]:
    """What config.json says; empty without one. Raises BadConfig BAD_MODEL_CONFIG."""
    if files.config is None:
        return {}
    try:
        with files.config.open("rb") as file:
            content = json.loads(file.read(_MOST_CONFIG_BYTES))
    except (OSError, ValueError) as error:
        raise BadConfig("BAD_MODEL_CONFIG", f"{files.config} cannot be read ({error}): copy it again") from error
    if not isinstance(content, dict):
        raise BadConfig("BAD_MODEL_CONFIG", f"{files.config} is no object: take that of {PUBLISHED_AT}")
    return content
