"""A HuBERT of sizes at which it runs in milliseconds, of seeded weights, in a folder as it is published."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from services.features.runtimes.weights import seeded_weights
from services.features.talker.hubert.network import Hubert, HubertShape

SHAPE = HubertShape(16, 1, 2, 32, 8, 16, 2)
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": [8] * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "do_stable_layer_norm": True,
    "feat_extract_norm": "layer",
}


def hubert_state() -> dict[str, torch.Tensor]:
    """Its weights, by the names of before torch 2.0."""
    shapes = Hubert(SHAPE).state_dict()
    return seeded_weights(5, {name: tuple(tensor.shape) for name, tensor in shapes.items()})


def write_hubert(folder: Path, state: dict[str, torch.Tensor] | None = None, **sizes: object) -> str:
    """The folder's name. sizes: other ones than SIZES."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(hubert_state() if state is None else state, folder / "pytorch_model.bin")
    (folder / "config.json").write_text(json.dumps({**SIZES, **sizes}))
    return str(folder)
