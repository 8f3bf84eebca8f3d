"""Which file a user has of the encoder. Imports no library."""

from __future__ import annotations

from pathlib import Path

from services.base.errors import BadConfig
from services.features.models import sha256_of
from services.features.talker.spec import AudioFeaturesConfig

_NAME = "encoder.onnx"


def encoder_of(config: AudioFeaturesConfig) -> Path:
    """The file that `weights` names, or that lies in the folder that it names. Raises BadConfig MODEL_MISSING: no
    random weights stand for a graph.
    """
    named = Path(config.weights).expanduser()
    path = named / _NAME if config.weights and named.is_dir() else named
    if not config.weights or not path.is_file():
        raise BadConfig(
            "MODEL_MISSING",
            f"weights {config.weights!r} names no {_NAME}: give the encoder that Ultralight-Digital-Human names in its "
            "README, or take model ave, hubert or mel",
        )
    return path


def models_of(config: AudioFeaturesConfig) -> dict[str, str]:
    """The file's digest. Raises BadConfig as `encoder_of`, and WEIGHTS_CHANGED where `weights_sha256` names another."""
    if config.backend == "triton" and config.weights_sha256 and not config.weights:
        # What the server must serve.
        return {"wenet": f"sha256:{config.weights_sha256}"}
    path = encoder_of(config)
    digest = sha256_of(path)
    if config.weights_sha256 not in ("", digest):
        raise BadConfig(
            "WEIGHTS_CHANGED",
            f"weights_sha256 asks for {config.weights_sha256}, and {path} has {digest}: give the right file, or its "
            "own digest",
        )
    return {"wenet": f"sha256:{digest}"}
