"""Which files a config means and which they are, by digest. Imports no network."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from services.base.digest import canonical_json
from services.base.errors import BadConfig
from services.base.worker.fingerprint import sha256_of
from services.features.tts.model_places import (
    GPT_CHECKPOINT,
    MODEL_CONFIG,
    SEMANTIC_CODEC,
    W2V_BERT,
    W2V_STAT,
    HubFile,
    cached_file,
    check_cache,
    hub_caches,
    named_file,
)
from services.features.tts.spec import SpeechConfig

_MOST_CONFIG_BYTES = 1 << 20


@dataclass(frozen=True)
class ModelFiles:
    """Where each network's weights are; None: nowhere, so that they are random. config: of IndexTTS-2, read."""

    config_path: Path | None
    config: dict[str, Any]
    gpt_checkpoint: Path | None
    w2v_stat: Path | None
    w2v_bert: Path | None
    semantic_codec: Path | None

    def weights(self) -> dict[str, Path | None]:
        """By the names that provenance is told under."""
        return {
            "gpt_checkpoint": self.gpt_checkpoint,
            "w2v_stat": self.w2v_stat,
            "w2v_bert": self.w2v_bert,
            "semantic_codec": self.semantic_codec,
        }


def model_files(config: SpeechConfig) -> ModelFiles:
    """Looks for every file. Raises BadConfig MODEL_MISSING for one that is named and not there, or a cache that is
    none, and CONFIG_UNREADABLE.
    """
    check_cache(config.hf_cache_dir)
    caches = hub_caches(config.hf_cache_dir, os.environ)

    def place(file: HubFile, named: str) -> Path | None:
        return named_file(file, named) if named else cached_file(file, caches)

    config_path = place(MODEL_CONFIG, config.config)
    content = {} if config_path is None else _read_config(config_path)
    statistics = config.w2v_stat
    if not statistics and config_path is not None and isinstance(content.get("w2v_stat"), str):
        beside = config_path.parent / content["w2v_stat"]
        statistics = str(beside) if beside.is_file() else ""
    return ModelFiles(
        config_path,
        content,
        place(GPT_CHECKPOINT, config.gpt_checkpoint),
        place(W2V_STAT, statistics),
        place(W2V_BERT, config.w2v_bert),
        place(SEMANTIC_CODEC, config.semantic_codec),
    )


def models_of(config: SpeechConfig) -> dict[str, str]:
    """What each network's weights are, "sha256:<hex>" or "seeded:<seed>", and the config's digest.

    Of a server whose weights the config names, that name. Raises BadConfig as `model_files`, and MODEL_UNREADABLE.
    """
    if config.triton_weights:
        return {"triton_weights": config.triton_weights}
    files = model_files(config)
    models = {} if files.config_path is None else {"config": f"sha256:{sha256_of(files.config_path)}"}
    return {**models, **sources_of(files, config.seed)}


def served_weights(models: Mapping[str, str]) -> str:
    """The one name, "sha256:<hex>" or "seeded:<hex>", that a model server knows all networks of `models_of` by."""
    if set(models) == {"triton_weights"}:
        return models["triton_weights"]
    is_random = any(source.startswith("seeded:") for source in models.values())
    digest = hashlib.sha256(canonical_json(dict(models)).encode()).hexdigest()
    return f"{'seeded' if is_random else 'sha256'}:{digest}"


def sources_of(files: ModelFiles, seed: int) -> dict[str, str]:
    """How each network gets its weights, by its name. Raises BadConfig as `sha256_of`."""
    weights = files.weights().items()
    return {name: f"seeded:{seed}" if path is None else f"sha256:{sha256_of(path)}" for name, path in weights}


def _read_config(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = yaml.safe_load(file.read(_MOST_CONFIG_BYTES))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadConfig("CONFIG_UNREADABLE", f"--config {path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise BadConfig("CONFIG_UNREADABLE", f"--config {path} is no mapping: give config.yaml of IndexTTS-2")
    return content
