"""A corpus of real speech with a manifest, and networks so small that they take milliseconds, for runs of `tts`."""

import json
from pathlib import Path
from typing import Any

CONFIG = """
w2v_bert: {hidden_size: 16, num_attention_heads: 2, intermediate_size: 24, num_layers: 2}
semantic_codec:
  {codebook_size: 64, hidden_size: 16, codebook_dim: 4, vocos_dim: 8, vocos_intermediate_dim: 12, vocos_num_layers: 2}
gpt:
  model_dim: 12
  condition_module: {output_size: 8, linear_units: 12, attention_heads: 2, num_blocks: 1, perceiver_mult: 2}
  emo_condition_module: {output_size: 8, linear_units: 12, attention_heads: 1, num_blocks: 1, perceiver_mult: 2}
"""
"""Sizes of tiny networks, whose weights are seeded."""

MODEL_DIM = 12


def tiny_config(folder: Path) -> Path:
    """A config.yaml of tiny networks."""
    path = folder / "config.yaml"
    path.write_text(CONFIG)
    return path


def tokenizer(testdata: Path) -> Path:
    """The published one, of 12,000 pieces."""
    return testdata / "weights" / "indextts2_bpe.model"


def spoken(testdata: Path) -> list[dict[str, Any]]:
    """Lines of a manifest over real speech: Chinese and English of three speakers, 3 to 17 s."""
    speech = testdata.resolve() / "data" / "speech"
    clips = [
        ("aishell/1", "aishell-BAC009S0724W0121.wav", "广州市房地产中介协会分析", "zh"),
        ("voice 01", "voice_01.wav", "Translate for me, what is a surprise!", "en"),
        ("hate", "emo_hate.wav", "I hate it.", "en"),
        ("mid", "mid.wav", "我们今天去哪里？", "zh"),
    ]
    return [
        {"id": key, "text": text, "audio": str(speech / name), "speaker": name[:4], "language": language}
        for key, name, text, language in clips
    ]


def write_manifest(path: Path, lines: list[Any]) -> Path:
    """JSON lines; what is a text stands as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = (one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in lines)
    path.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    return path
