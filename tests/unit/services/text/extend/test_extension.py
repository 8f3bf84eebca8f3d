"""A tokenizer with more pieces keeps every id that it had, and has exactly the size that was asked for."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
import sentencepiece

from services.base.errors import BadConfig
from services.text.extend.extension import Extension, extended
from services.text.tokenizer import Tokenizer

_AMHARIC = ["ሰላም ዓለም", "አዲስ አበባ ዋና ከተማ", "ዛሬ ጥሩ ቀን ነው", "ሰላም አዲስ ዓለም"] * 8


def _unigram(texts: Sequence[str]) -> bytes:
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=out, model_type="unigram", vocab_size=28, hard_vocab_limit=False,
        bos_id=0, eos_id=1, unk_id=2, minloglevel=2,
    )  # fmt: skip
    return out.getvalue()


def _opened(extension: Extension, folder: Path) -> Tokenizer:
    (folder / "extended.model").write_bytes(extension.model)
    return Tokenizer(folder / "extended.model")


@pytest.fixture(scope="module")
def bases(small_model: Path) -> dict[str, bytes]:
    return {"bpe": small_model.read_bytes(), "unigram": _unigram(["HELLO WORLD", "ONE TWO THREE", "THE TIME"] * 8)}


@pytest.mark.parametrize(("base", "learnt_by"), [("bpe", "bpe"), ("unigram", "bpe"), ("unigram", "unigram")])
def test_the_vocabulary_is_not_off_by_one_and_ids_stay(
    bases: dict[str, bytes], base: str, learnt_by: str, tmp_path: Path
) -> None:
    before = sentencepiece.SentencePieceProcessor(model_proto=bases[base])
    target = before.vocab_size() + 20
    extension = extended(bases[base], _AMHARIC, target_size=target, model_type=learnt_by)
    after = _opened(extension, tmp_path)
    assert (extension.num_base, extension.num_added) == (before.vocab_size(), 20)
    assert after.vocab_size == target
    for text in ("HELLO WORLD", "THREE", "THE TIME"):
        assert after.encode(text, "xx").ids_N.tolist() == before.encode(text)
    new = after.encode("ሰላም ዓለም", "am")
    assert new.num_unknown == 0
    assert new.ids_N.max() >= before.vocab_size()


def test_words_that_were_met_often_are_one_piece(bases: dict[str, bytes], tmp_path: Path) -> None:
    for base in bases.values():
        size = sentencepiece.SentencePieceProcessor(model_proto=base).vocab_size()
        after = _opened(extended(base, _AMHARIC, target_size=size + 40), tmp_path)
        assert len(after.encode("ሰላም ዓለም", "am").ids_N) == 2


def test_the_same_texts_give_the_same_file(bases: dict[str, bytes]) -> None:
    once, again = (extended(bases["bpe"], _AMHARIC, target_size=80).model for _ in range(2))
    assert once == again


@pytest.mark.parametrize(
    ("changed", "reason", "says"),
    [
        ({"target_size": 60}, "BAD_SETTING", "above the base model's 60 pieces"),
        ({"target_size": 5000}, "TOO_FEW_PIECES", "at most"),
        ({"texts": []}, "NO_TEXT", "no manifest holds a text"),
        ({"texts": ["  ", "\n"]}, "NO_TEXT", "no manifest holds a text"),
        ({"model_type": "unigram"}, "BAD_SETTING", "a base model of type bpe takes bpe"),
        ({"model_type": "word"}, "BAD_SETTING", "--model-type word"),
        ({"character_coverage": 0.0}, "BAD_SETTING", "--character-coverage 0.0"),
        ({"base": b"no model"}, "MODEL_UNREADABLE", "the base model"),
    ],
)
def test_what_cannot_be_is_refused(bases: dict[str, bytes], changed: dict[str, object], reason: str, says: str) -> None:
    values = {"base": bases["bpe"], "texts": _AMHARIC, "target_size": 80, **changed}
    base, texts = values.pop("base"), values.pop("texts")
    with pytest.raises(BadConfig, match=says) as refused:
        extended(base, texts, **values)  # type: ignore[arg-type]
    assert refused.value.reason == reason
