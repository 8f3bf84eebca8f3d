"""A checkpoint as bytes: the dictionary that scripts of PyTorch save, and under `visemill` plain values of our own.

Loading runs no code of the file: tensors and plain values alone (`weights_only`).
"""

from __future__ import annotations

import io
import json
import math
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import safetensors.torch
import torch

from services.base.errors import BadConfig
from services.training.checkpoint.progress import Progress, progress_of

VERSION = 1
# What a run that goes on must have in common with its checkpoint -> the reason if it has not.
_REASONS = {
    "recipe": "OTHER_RECIPE",
    "vocabulary": "OTHER_VOCABULARY",
    "pinyin": "OTHER_VOCABULARY",
    "asr": "OTHER_ASR",
    "resolution": "OTHER_RESOLUTION",
    "width": "OTHER_NETWORK",
    "data": "DATA_CHANGED",
}
_PREFIX = "module."
# Where a rank says what it ended with there is room for 4 KiB.
_MOST_DETAIL = 1000
# Of safetensors: the header's size stands before it, and is a multiple of as many bytes.
_HEADER_SIZE_BYTES = 8
_METADATA = "__metadata__"


@dataclass(frozen=True)
class Checkpoint:
    """What was read of a file. model: name -> tensor on the CPU. optimizer, scaler: as load_state_dict takes them.

    progress, facts: of ours; in a file of another trainer progress has its epoch alone, and facts are empty.
    """

    model: Mapping[str, torch.Tensor]
    optimizer: Mapping[str, Any]
    scaler: Mapping[str, Any]
    progress: Progress
    facts: Mapping[str, str]


def contents(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    scaler: Mapping[str, Any],
    progress: Progress,
    facts: Mapping[str, str],
) -> dict[str, Any]:
    """What a file holds: a copy in the memory of the CPU, so that training may go on while it is written."""
    rates = [group["lr"] for group in optimizer.param_groups]
    fields = {
        "epoch": progress.epoch,
        "model_state_dict": dict(model.state_dict()),
        "optimizer_state_dict": optimizer.state_dict(),
        "scheduler_state_dict": {"last_epoch": progress.epochs_done, "_last_lr": rates},
        "scaler_state_dict": dict(scaler),
        "val_loss": progress.val_losses[-1] if progress.val_losses else math.inf,
        "best_val_loss": min(progress.val_losses, default=math.inf),
        "visemill": {"version": VERSION, "progress": progress.to_plain(), "facts": dict(facts)},
    }
    copy: dict[str, Any] = _copied(fields)
    return copy


def encoded(fields: Mapping[str, Any]) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    torch.save(dict(fields), buffer)
    return buffer.getvalue()


def decoded(data: bytes) -> Checkpoint:
    """Of our files and of those of scripts, also of models in DataParallel. Raises BadConfig CHECKPOINT_DAMAGED."""
    try:
        fields = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        if fields and all(isinstance(value, torch.Tensor) for value in fields.values()):
            # Weights alone, as scripts save them that do not go on.
            fields = {"model_state_dict": fields, "epoch": -1}
        own = fields.get("visemill", {})
        model = fields["model_state_dict"]
        progress = (
            progress_of(own["progress"]) if own else Progress(epochs_done=int(fields.get("epoch", 0)) + 1, best_step=0)
        )
        return Checkpoint(
            {name.removeprefix(_PREFIX): tensor for name, tensor in model.items()},
            fields.get("optimizer_state_dict", {}),
            fields.get("scaler_state_dict") or {},
            progress,
            own.get("facts", {}),
        )
    except (
        *(pickle.UnpicklingError, zipfile.BadZipFile, RuntimeError, EOFError),
        *(KeyError, TypeError, ValueError, AttributeError),
    ) as error:
        raise BadConfig(
            "CHECKPOINT_DAMAGED",
            "the file is no checkpoint of tensors and plain values: take another, or begin a new training",
            str(error),
        ) from error


def require_same(facts: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Raises BadConfig OTHER_RECIPE, OTHER_VOCABULARY, OTHER_ASR, OTHER_RESOLUTION, OTHER_NETWORK, DATA_CHANGED or
    OTHER_TRAINING.
    """
    for name, value in expected.items():
        if facts.get(name) != value:
            raise BadConfig(
                _REASONS.get(name, "OTHER_TRAINING"),
                f"the checkpoint is of {name} {facts.get(name)!r}, and this training is of {value!r}: give it what it "
                "began with, or begin anew in another folder",
            )


def load_weights(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Raises BadConfig OTHER_NETWORK where names or shapes differ, with the first that does."""
    try:
        model.load_state_dict(dict(weights))
    except RuntimeError as error:
        raise BadConfig(
            "OTHER_NETWORK",
            f"the weights are of another network: {first_difference(model.state_dict(), weights)}: give the settings "
            "that it was made with",
            str(error)[:_MOST_DETAIL],
        ) from error


def first_difference(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> str:
    """What weights lack of a network's own, or have in another shape, or beside them; empty: nothing."""
    for name, value in own.items():
        found = weights.get(name)
        if found is None or found.shape != value.shape:
            how = "lacks it" if found is None else f"has it as {list(found.shape)}, not {list(value.shape)}"
            return f"it should have {name}, and {how}"
    return next((f"it has {name}, which it should not" for name in weights if name not in own), "")


def weights_file(weights: Mapping[str, torch.Tensor], facts: Mapping[str, str]) -> bytes:
    """Weights alone, as safetensors: the same bytes for the same weights and facts."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    return _with_ordered_facts(safetensors.torch.save(tensors, metadata=dict(facts)))


def _with_ordered_facts(data: bytes) -> bytes:
    """Its writer puts metadata in an order that is another each time; offsets count from the header's end."""
    end = _HEADER_SIZE_BYTES + int.from_bytes(data[:_HEADER_SIZE_BYTES], "little")
    fields = json.loads(data[_HEADER_SIZE_BYTES:end])
    fields[_METADATA] = dict(sorted(fields[_METADATA].items())) if fields.get(_METADATA) else {}
    header = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % _HEADER_SIZE_BYTES)
    return len(header).to_bytes(_HEADER_SIZE_BYTES, "little") + header + data[end:]


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, Mapping):
        return {key: _copied(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copied(one) for one in value)
    return value
