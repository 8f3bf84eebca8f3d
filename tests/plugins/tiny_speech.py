"""A tiny IndexTTS-2: sizes at which every network runs in milliseconds, of seeded weights."""

from pathlib import Path

CONFIG = """
w2v_bert: {hidden_size: 16, num_attention_heads: 2, intermediate_size: 24, num_layers: 2}
semantic_codec:
  {codebook_size: 64, hidden_size: 16, codebook_dim: 4, vocos_dim: 8, vocos_intermediate_dim: 12, vocos_num_layers: 2}
gpt:
  model_dim: 12
  condition_module: {output_size: 8, linear_units: 12, attention_heads: 2, num_blocks: 1, perceiver_mult: 2}
  emo_condition_module: {output_size: 8, linear_units: 12, attention_heads: 2, num_blocks: 1, perceiver_mult: 2}
w2v_stat: stats.pt
"""


def write_config(folder: Path) -> Path:
    """The config in a folder without any weights: they are seeded."""
    path = folder / "config.yaml"
    path.write_text(CONFIG)
    return path
