"""I/O: a file of weights by its place: a checkpoint, ours or that of a script, or weights alone."""

from __future__ import annotations

import tempfile

import safetensors
from safetensors.torch import load as load_safetensors

from services.base.errors import BadConfig
from services.training.checkpoint.file import Checkpoint, decoded
from services.training.checkpoint.progress import Progress

_SAFETENSORS = ".safetensors"


def read_checkpoint(file: str, data: bytes) -> Checkpoint:
    """data: of the file, a checkpoint or weights as .safetensors. Raises BadConfig CHECKPOINT_DAMAGED."""
    if not file.endswith(_SAFETENSORS):
        try:
            return decoded(data)
        except BadConfig as error:
            raise BadConfig(error.reason, f"{file}: {error.message}", error.detail) from error
    try:
        with tempfile.NamedTemporaryFile(suffix=_SAFETENSORS) as copy:
            copy.write(data)
            copy.flush()
            with safetensors.safe_open(copy.name, "pt") as opened:
                facts = opened.metadata() or {}
        return Checkpoint(load_safetensors(data), {}, {}, Progress(), facts)
    except safetensors.SafetensorError as error:
        raise BadConfig("CHECKPOINT_DAMAGED", f"{file} holds no weights ({error}): take another") from error
