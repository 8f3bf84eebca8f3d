"""I/O: a file of weights by its place: a checkpoint, ours or that of a script, or weights alone."""

from __future__ import annotations

import tempfile

import safetensors
from safetensors.torch import load as load_safetensors

from services.base.errors import BadConfig
from services.base.store.interface import NotThere
from services.base.store.open import open_store
from services.training.checkpoint.file import Checkpoint, decoded
from services.training.checkpoint.progress import Progress

_SAFETENSORS = ".safetensors"


def bytes_of(file: str) -> bytes:
    """Raises BadConfig NO_CHECKPOINT, or as the stores do."""
    folder, _, name = file.rpartition("/")
    try:
        return open_store(folder or ".", must_exist=True).read(name)
    except (NotThere, BadConfig) as error:
        if isinstance(error, BadConfig) and error.reason != "ROOT_MISSING":
            raise
        raise BadConfig("NO_CHECKPOINT", f"there is no file {file}: give the best_model.pt of a training") from error


def read_checkpoint(file: str, data: bytes) -> Checkpoint:
    """data: of the file, a checkpoint or weights as .safetensors. Raises BadConfig CHECKPOINT_DAMAGED."""
    if not file.endswith(_SAFETENSORS):
        return decoded(data)
    try:
        with tempfile.NamedTemporaryFile(suffix=_SAFETENSORS) as copy:
            copy.write(data)
            copy.flush()
            with safetensors.safe_open(copy.name, "pt") as opened:
                facts = opened.metadata() or {}
        return Checkpoint(load_safetensors(data), {}, {}, Progress(), facts)
    except safetensors.SafetensorError as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{file} holds no weights ({error}): take another") from error
