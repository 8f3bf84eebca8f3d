"""Weights of a small lipreader of chinese-lips-lstm that has learnt nothing, as a training leaves them."""

from pathlib import Path

from services.training.checkpoint.file import weights_file
from services.training.lipreading.tokenizer import tokenizer_of
from services.training.recipes.chinese_lips_lstm.reader import Reader
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig

CONFIG = ChineseLipsConfig(
    hidden_dim=16, num_heads=2, num_lstm_layers=1, frame_height=32, frame_width=32, max_text_length=6
)


def write_weights(folder: Path, texts: str) -> str:
    """The file. texts: of these characters."""
    reader = Reader(CONFIG, tokenizer_of([texts]))
    path = folder / "model.safetensors"
    path.write_bytes(weights_file(reader.network(1).state_dict(), {"recipe": "chinese-lips-lstm", **reader.facts()}))
    return str(path)
