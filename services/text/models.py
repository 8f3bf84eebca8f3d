"""The tokenizer's file: where it is and which it is. Imports no library."""

from __future__ import annotations

import os
from pathlib import Path

from services.base.errors import BadConfig
from services.base.store.by_digest import cache_folder, fetched, is_uri
from services.base.worker.fingerprint import sha256_of
from services.text.spec import TextConfig


def models_of(config: TextConfig) -> dict[str, str]:
    """{"tokenizer": "sha256:<hex>"}. Raises BadConfig as `tokenizer_sha256`."""
    return {"tokenizer": f"sha256:{tokenizer_sha256(config)}"}


def tokenizer_sha256(config: TextConfig) -> str:
    """Of the file, in hex. Raises BadConfig as `tokenizer_path`, and MODEL_CHANGED."""
    return _digest(tokenizer_path(config), config)


def tokenizer_path(config: TextConfig) -> Path:
    """The file. Raises BadConfig MODEL_MISSING, and as `fetched` for one of a store."""
    if not config.tokenizer:
        raise BadConfig("MODEL_MISSING", "no tokenizer is given: name a SentencePiece model with --tokenizer")
    if is_uri(config.tokenizer):
        return fetched(config.tokenizer, config.tokenizer_sha256, cache_folder(os.environ))
    path = Path(config.tokenizer).expanduser()
    if not path.is_file():
        raise BadConfig("MODEL_MISSING", f"--tokenizer {config.tokenizer} is no file: name a SentencePiece model")
    return path


def _digest(path: Path, config: TextConfig) -> str:
    digest = sha256_of(path, "--tokenizer ")
    if config.tokenizer_sha256 and digest != config.tokenizer_sha256:
        raise BadConfig(
            "MODEL_CHANGED",
            f"--tokenizer {path} has sha256 {digest}, and {config.tokenizer_sha256} is asked for: get the right file",
        )
    return digest
