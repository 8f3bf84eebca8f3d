"""Tensors of the speech networks out of their users' files: strictly the ones that are needed, checked by name.

Nothing in a file is run: pickles are read with `weights_only=True`, and mapped, so that of a checkpoint of 3.3 GB only
the third that is needed becomes resident and processes share its pages.
"""

from __future__ import annotations

import pickle
import re
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from services.base.errors import BadConfig
from services.features.runtimes import safetensors
from services.features.runtimes.weights import load_mapped

Shapes = Mapping[str, tuple[int, ...]]
_SHOWN = 3
# Tensors that a training adds beside the model's own.
_OF_TRAINING = ("inference_model.", "gpt.wte.weight")
# What IndexTTS-2.5 has in place of the conditioning encoder.
_OF_2_5 = "spk_emb_proj"
_NAMED_CODE = re.compile(r"GLOBAL:? ([\w.]+)")


def voice_tensors(path: Path, shapes: Shapes) -> dict[str, Tensor]:
    """Of a `gpt.pth` of IndexTTS-2, as it is or nested below "model", or of a training's checkpoint with LoRA names.

    shapes: name -> shape of what is needed. Raises BadConfig WEIGHTS_UNREADABLE, WEIGHTS_OF_ANOTHER_NETWORK,
    WEIGHTS_NOT_FINITE.
    """
    tensors = _model_tensors(path)
    if not any(name.startswith("conditioning_encoder.") for name in tensors) and any(
        _OF_2_5 in name for name in tensors
    ):
        raise BadConfig(
            "WEIGHTS_OF_ANOTHER_NETWORK",
            f"--gpt-checkpoint {path} is of IndexTTS-2.5, which has no conditioning encoder: give that of IndexTTS-2",
        )
    return _needed(path, "--gpt-checkpoint", tensors, shapes)


def num_texts_of(path: Path) -> int | None:
    """Pieces of a tokenizer that the table of texts of a checkpoint has room for; None without a table."""
    table = _model_tensors(path).get("text_embedding.weight")
    # The last row is of no piece: it stands for the end.
    return None if table is None or not table.ndim else len(table) - 1


def _model_tensors(path: Path) -> dict[str, Tensor]:
    found = _state_dict(path, "--gpt-checkpoint")
    nested = found.get("model")
    if isinstance(nested, Mapping):
        found = nested
    return {_plain_name(name): tensor for name, tensor in found.items() if _is_model_tensor(name, tensor)}


def feature_statistics(path: Path, width: int) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel of the semantic features, float32 [width]. Raises as `voice_tensors`."""
    found = _state_dict(path, "--w2v-stat")
    if set(found) != {"mean", "var"}:
        raise BadConfig(
            "WEIGHTS_OF_ANOTHER_NETWORK",
            f"--w2v-stat {path} holds {', '.join(sorted(map(str, found))[:_SHOWN])} and not mean and var: give "
            "wav2vec2bert_stats.pt",
        )
    tensors = _needed(path, "--w2v-stat", found, {"mean": (width,), "var": (width,)})
    if not (tensors["var"] > 0).all():
        raise BadConfig("WEIGHTS_DAMAGED", f"--w2v-stat {path} has a variance that is not above 0: get it again")
    return tensors["mean"].float(), tensors["var"].float()


def safe_tensors(path: Path, flag: str, shapes: Shapes, prefixes: Iterable[str] = ("",)) -> dict[str, Tensor]:
    """Of a safetensors file, whose names may all begin with one of the prefixes. flag: that names it. Raises as
    `voice_tensors`.
    """
    found = _safe(path, flag)
    prefix = next((p for p in prefixes if any(p + name in found for name in shapes)), "")
    tensors = {name: found[prefix + name] for name in shapes if prefix + name in found}
    return _needed(path, flag, tensors, shapes)


def any_tensors(path: Path, flag: str, shapes: Shapes, prefix: str, older: Mapping[str, str]) -> dict[str, Tensor]:
    """Of a safetensors file or a state dict. prefix: that names may begin with. older: part of a name -> what stands
    for it in files of before. Raises as `voice_tensors`.
    """
    found = _safe(path, flag) if path.suffix == ".safetensors" else _state_dict(path, flag)

    def places(name: str) -> list[str]:
        old = name
        for part, was in older.items():
            old = old.replace(part, was)
        return [prefix + name, name, prefix + old, old]

    tensors = {name: found[place] for name in shapes for place in places(name)[::-1] if place in found}
    return _needed(path, flag, tensors, shapes)


def _safe(path: Path, flag: str) -> dict[str, Tensor]:
    try:
        return safetensors.load(path)
    except (OSError, ValueError) as error:
        raise BadConfig(
            "WEIGHTS_UNREADABLE", f"{flag} {path} is no safetensors file that can be read ({error}): get it again"
        ) from error


def _state_dict(path: Path, flag: str) -> Mapping[Any, Any]:
    try:
        loaded = load_mapped(path)
    except pickle.UnpicklingError as error:
        # Torch's own words advise to load it all the same.
        found = _NAMED_CODE.search(str(error))
        what = f"{found[1]}, which is code and no tensor" if found else "what is no tensor"
        raise BadConfig(
            "WEIGHTS_UNREADABLE",
            f"{flag} {path} is a pickle with {what}, and is not loaded: get the file from where it is published, or "
            "save a state dict alone to it",
        ) from error
    except (RuntimeError, ValueError, OSError, EOFError, KeyError, struct.error) as error:
        raise BadConfig(
            "WEIGHTS_UNREADABLE",
            f"{flag} {path} is no file that torch loads with weights_only=True: get it again, or save a "
            "state dict to it",
            str(error),
        ) from error
    if not isinstance(loaded, Mapping):
        raise BadConfig("WEIGHTS_UNREADABLE", f"{flag} {path} holds no state dict: save `model.state_dict()` to it")
    return loaded


def _is_model_tensor(name: object, tensor: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(tensor, Tensor)
        and not name.startswith(_OF_TRAINING)
        and ".lora_" not in name
    )


def _plain_name(name: str) -> str:
    """Without what LoRA's wrappers add: `base_model.model.x.base_layer.weight` is `x.weight`."""
    return name.removeprefix("base_model.model.").replace(".base_layer.", ".")


def _needed(path: Path, flag: str, tensors: Mapping[str, Any], shapes: Shapes) -> dict[str, Tensor]:
    missing = [name for name in shapes if name not in tensors]
    if missing:
        raise BadConfig(
            "WEIGHTS_OF_ANOTHER_NETWORK",
            f"{flag} {path} lacks {len(missing)} of {len(shapes)} tensors, the first {missing[0]}: give the file of "
            "the network that the config describes",
        )
    wrong = [name for name, shape in shapes.items() if tuple(tensors[name].shape) != shape]
    if wrong:
        shown = "; ".join(f"{name} {tuple(tensors[name].shape)}, not {shapes[name]}" for name in wrong[:_SHOWN])
        raise BadConfig(
            "WEIGHTS_OF_ANOTHER_NETWORK",
            f"{flag} {path} differs in the shape of {len(wrong)} tensors ({shown}): give the file of the network that "
            "the config describes",
        )
    bad = [name for name in shapes if not torch.isfinite(tensors[name]).all()]
    if bad:
        raise BadConfig(
            "WEIGHTS_NOT_FINITE", f"{flag} {path} holds NaN or infinity in {len(bad)} tensors, the first {bad[0]}"
        )
    return {name: tensors[name].float() for name in shapes}
