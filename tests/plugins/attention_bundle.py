"""A bundle of a small chinese-lips-lstm that has learnt nothing, and says something."""

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch

from services.geometry.mouth_window import AlignedFace
from services.lips.bundle import BundleCard, card_file
from services.training.lipreading.networks.attention_lipreader import AttentionLipreader
from services.training.lipreading.tokenizer import tokenizer_file, tokenizer_of
from services.training.recipes.chinese_lips_lstm import graphs
from services.training.recipes.chinese_lips_lstm.reader import Reader
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig

CONFIG = ChineseLipsConfig(
    hidden_dim=16, num_heads=2, num_lstm_layers=1, frame_height=32, frame_width=32, max_text_length=9, dropout=0.0
)
READER = Reader(CONFIG, tokenizer_of(["文字说"]))


def network() -> AttentionLipreader:
    model = READER.network(3).eval()
    with torch.no_grad():
        # Or it would end at once, or say one character for ever.
        model.decoder.fc.bias[:4] -= 2.0
        model.decoder.fc.weight *= 8
    return model


def write_attention_bundle(folder: Path) -> Path:
    """For mouths of 32x32 px, of the profile `aligned-face`, at 25 a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphs, "_COMPARED", ((5,),))
        files, _ = graphs.attention_graphs(network(), 32, 32)
    made = {**files, "tokenizer": tokenizer_file(READER.tokenizer)}
    mouth = dataclasses.asdict(AlignedFace("aligned-face", 32, 32))
    card = BundleCard(
        "chinese-lips-lstm", {}, {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}, mouth, 32, 32,
        25.0, 1, "in the graph", kind="attention", max_ids=9,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in card.files.items():
        (folder / file).write_bytes(made[name])
    (folder / "card.json").write_bytes(card_file(card))
    return folder
