"""Text to ids: what the model is given, what is unknown to it, which files are no model."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadConfig
from services.text.tokenizer import Tokenizer


@pytest.fixture(scope="session")
def tokenizer(small_model: Path) -> Tokenizer:
    return Tokenizer(small_model)


def test_text_is_normalised_cut_and_upper_case_before_the_model(tokenizer: Tokenizer) -> None:
    assert tokenizer.pieces_text("hello; 你好 5", "zh") == "HELLO, 你 好 五"


def test_ids_are_int32_without_start_and_end(tokenizer: Tokenizer) -> None:
    ids_N = tokenizer.encode("hello world", "en").ids_N
    assert ids_N.dtype == np.int32
    assert len(ids_N) > 0
    assert not {0, 1, 2} & {*ids_N.tolist()}


def test_an_empty_text_has_no_ids(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode("")
    assert (encoded.ids_N.shape, encoded.ids_N.dtype, encoded.num_unknown) == ((0,), np.dtype(np.int32), 0)


def test_a_single_character_is_given_as_it_stands(tokenizer: Tokenizer) -> None:
    assert tokenizer.pieces_text("5", "en") == "5"
    assert tokenizer.pieces_text("h") == "h"
    assert tokenizer.unknown_of(tokenizer.encode("h")) == "h"


def test_unknown_characters_are_counted_and_named(tokenizer: Tokenizer) -> None:
    encoded = tokenizer.encode("hello ሰላም", "am")
    assert encoded.num_unknown == 1
    assert tokenizer.unknown_of(encoded) == "".join(sorted("ሰላም"))


def test_the_digest_and_the_size_are_those_of_the_file(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.sha256) == 64
    assert tokenizer.vocab_size == 60


def test_a_missing_file_and_a_file_of_another_kind_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"missing\.model") as missing:
        Tokenizer(tmp_path / "missing.model")
    assert missing.value.reason == "MODEL_MISSING"
    for content in (b"", b"not a model", b"\x0a\x03abc"):
        (tmp_path / "other.model").write_bytes(content)
        with pytest.raises(BadConfig, match=r"other\.model") as other:
            Tokenizer(tmp_path / "other.model")
        assert other.value.reason == "MODEL_UNREADABLE"


@given(
    text=st.text(st.characters(exclude_categories=[])), language=st.sampled_from([None, "en", "zh", "ja", "am", "ko"])
)
def test_no_text_raises(tokenizer: Tokenizer, text: str, language: str | None) -> None:
    ids_N = tokenizer.encode(text, language).ids_N
    assert ids_N.min(initial=0) >= 0
    assert ids_N.max(initial=0) < tokenizer.vocab_size
