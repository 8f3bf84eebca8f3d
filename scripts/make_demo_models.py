"""`python scripts/make_demo_models.py MANIFEST FOLDER`: what `make demo-tts` runs with instead of published models.

FOLDER/bpe.model: a SentencePiece model trained on the manifest's texts. FOLDER/config.yaml: sizes of networks so small
that they take milliseconds; their weights are seeded random ones.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import sentencepiece

_VOCABULARY = 320
# What the text stage writes for the punctuation of every script.
_MARKS = ", . ! ? : ; - ' …"
_CONFIG = """\
w2v_bert: {hidden_size: 64, num_attention_heads: 4, intermediate_size: 96, num_layers: 2}
semantic_codec:
  {codebook_size: 512, hidden_size: 64, codebook_dim: 8, vocos_dim: 32, vocos_intermediate_dim: 48, vocos_num_layers: 2}
gpt:
  model_dim: 64
  condition_module: {output_size: 32, linear_units: 48, attention_heads: 4, num_blocks: 2, perceiver_mult: 2}
  emo_condition_module: {output_size: 32, linear_units: 48, attention_heads: 2, num_blocks: 2, perceiver_mult: 2}
"""


def texts_of(manifest: Path) -> list[str]:
    """What the lines say, in capitals as the text stage encodes them; lines that are none say nothing."""
    texts = []
    for line in manifest.read_text(encoding="utf-8").splitlines():
        try:
            texts.append(str(json.loads(line)["text"]).upper())
        except (ValueError, KeyError):
            continue
    return texts


def main() -> int:
    parser = argparse.ArgumentParser(description="Make a tokenizer and a config of tiny networks.")
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    flags = parser.parse_args()
    flags.folder.mkdir(parents=True, exist_ok=True)
    (flags.folder / "config.yaml").write_text(_CONFIG, encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*texts_of(flags.manifest), _MARKS]),
        model_prefix=str(flags.folder / "bpe"),
        vocab_size=_VOCABULARY,
        model_type="bpe",
        character_coverage=1.0,
        hard_vocab_limit=False,
        bos_id=0,
        eos_id=1,
        unk_id=2,
        pad_id=-1,
        minloglevel=2,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
