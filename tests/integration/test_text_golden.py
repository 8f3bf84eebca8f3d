"""Token ids of sentences in many languages by IndexTTS-2's own model (tests/golden/make_text_ids.py)."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.text.cleaning import clean_text
from services.text.extend.extension import extended
from services.text.tokenizer import Tokenizer

_GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "text_ids.json").read_text(encoding="utf-8"))
_HEAD, _ROWS = _GOLDEN[0], _GOLDEN[1:]


@pytest.fixture(scope="module")
def tokenizer(testdata: Path) -> Tokenizer:
    return Tokenizer(testdata / "weights" / "indextts2_bpe.model")


def test_it_is_the_official_model(tokenizer: Tokenizer) -> None:
    assert (tokenizer.sha256, tokenizer.vocab_size) == (_HEAD["sha256"], _HEAD["vocab_size"])


def test_there_are_sentences_enough() -> None:
    assert len(_ROWS) >= 60
    assert {row["language"] for row in _ROWS} == {"en", "zh", "ja", "ko", "am", None}


@pytest.mark.parametrize("row", _ROWS, ids=[row["text"][:20] for row in _ROWS])
def test_ids(tokenizer: Tokenizer, row: dict[str, Any]) -> None:
    text = clean_text(row["text"])
    assert tokenizer.pieces_text(text, row["language"]) == row["pieces_text"]
    encoded = tokenizer.encode(text, row["language"])
    assert encoded.ids_N.tolist() == row["ids"]
    assert tokenizer.unknown_of(encoded) == row["unknown"]


def test_an_extended_official_model_knows_ethiopic_and_keeps_other_ids(testdata: Path, tmp_path: Path) -> None:
    base = (testdata / "weights" / "indextts2_bpe.model").read_bytes()
    amharic = [row["pieces_text"] for row in _ROWS if row["language"] == "am"] * 20
    extension = extended(base, amharic, target_size=12_060)
    (tmp_path / "extended.model").write_bytes(extension.model)
    tokenizer = Tokenizer(tmp_path / "extended.model")
    assert tokenizer.vocab_size == 12_060
    for row in _ROWS:
        ids = tokenizer.encode(clean_text(row["text"]), row["language"]).ids_N.tolist()
        if row["language"] == "am":
            assert "ሰ" not in tokenizer.unknown_of(tokenizer.encode(row["pieces_text"]))
        elif row["language"] in ("en", "zh"):
            assert ids == row["ids"]
