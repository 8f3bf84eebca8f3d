"""SentencePiece model files are read and written whole, with what is not declared here."""

from pathlib import Path

import pytest
import sentencepiece

from services.base.errors import BadConfig
from services.text.extend.model_file import MODEL_TYPES, NORMAL, parsed


def test_pieces_and_type_of_a_model(small_model: Path) -> None:
    proto = parsed(small_model.read_bytes(), "it")
    assert [piece.piece for piece in proto.pieces[:3]] == ["<s>", "</s>", "<unk>"]
    assert proto.pieces[-1].type == NORMAL
    assert MODEL_TYPES[proto.trainer_spec.model_type] == "bpe"
    assert proto.trainer_spec.vocab_size == len(proto.pieces)


def test_what_is_not_declared_passes_through(small_model: Path) -> None:
    written = parsed(small_model.read_bytes(), "it").SerializeToString(deterministic=True)
    before = sentencepiece.SentencePieceProcessor(model_proto=small_model.read_bytes())
    after = sentencepiece.SentencePieceProcessor(model_proto=written)
    text = "HELLO WORLD 你 ﬁ"
    assert after.encode(text) == before.encode(text)
    assert len(written) == small_model.stat().st_size


@pytest.mark.parametrize("content", [b"", b"\xff\xff\xff", b"\x12\x00"])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(BadConfig, match="the base model") as refused:
        parsed(content, "the base model")
    assert refused.value.reason == "MODEL_UNREADABLE"
