"""A small lipreader of chinese-lips-conformer that has learnt nothing, as a training leaves it."""

from pathlib import Path

from services.training.checkpoint.file import weights_file
from services.training.lipreading.tokenizer import tokenizer_of
from services.training.recipes.chinese_lips_conformer.reader import ConformerReader
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig

CONFIG = ConformerConfig(size="small", frame_height=32, frame_width=32, max_text_length=8, beam_width=3)


def write_conformer(folder: Path, texts: str, config: ConformerConfig = CONFIG) -> str:
    """The file. texts: of these characters."""
    reader = ConformerReader(config, tokenizer_of([texts]))
    path = folder / "model.safetensors"
    facts = {"recipe": "chinese-lips-conformer", **reader.facts()}
    path.write_bytes(weights_file(reader.network(1).state_dict(), facts))
    return str(path)
