"""I/O: the bytes of a file of weights, and their digest, by its place. Imports no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from services.base.errors import BadConfig
from services.base.store.interface import NotThere
from services.base.store.open import open_store


def bytes_of(file: str) -> bytes:
    """Raises BadConfig NO_CHECKPOINT, or as the stores do."""
    folder, _, name = file.rpartition("/")
    try:
        return open_store(folder or ".", must_exist=True).read(name)
    except (NotThere, BadConfig) as error:
        if isinstance(error, BadConfig) and error.reason != "ROOT_MISSING":
            raise
        raise BadConfig("NO_CHECKPOINT", f"there is no file {file}: give the best_model.pt of a training") from error


def init_models(config: Any) -> Mapping[str, str]:
    """Of a recipe whose config has `init`: the digest of that file, which decides what is learnt, wherever it lies.

    Raises as `bytes_of`.
    """
    return _digests(init=config.init)


def talker_models(config: Any) -> Mapping[str, str]:
    """Likewise, of `syncnet_checkpoint` and `vgg19`."""
    return _digests(syncnet=config.syncnet_checkpoint, vgg19=config.vgg19)


def _digests(**files: str) -> dict[str, str]:
    return {name: hashlib.sha256(bytes_of(file)).hexdigest() for name, file in files.items() if file}
