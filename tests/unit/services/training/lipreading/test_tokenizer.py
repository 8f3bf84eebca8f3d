"""Ids and tokenizer.json of a decoder that writes characters."""

import json

import pytest

from services.base.errors import BadConfig
from services.training.lipreading.tokenizer import (
    Tokenizer,
    read_tokenizer,
    require_fresh,
    tokenizer_file,
    tokenizer_of,
)

# Blank, Latin, punctuation, two of Chinese by code point: ids 4 to 8.
ONE = tokenizer_of(["你 a", "好,你"])


def test_ids_follow_the_code_points_of_the_training_text() -> None:
    assert Tokenizer(" ,a你好") == ONE and ONE.vocabulary_size == 9
    assert tokenizer_of(["好,你", "你 a"]).digest == ONE.digest != tokenizer_of(["你"]).digest


@pytest.mark.parametrize(
    ("text", "max_length", "ids"),
    [
        ("你好", 200, (1, 7, 8, 2)),
        ("", 200, (1, 2)),
        ("你x好", 200, (1, 7, 3, 8, 2)),
        ("你好,", 4, (1, 7, 8, 2)),
        ("你好", 2, (1, 2)),
    ],
)
def test_a_text_is_encoded(text: str, max_length: int, ids: tuple[int, ...]) -> None:
    assert ONE.encode(text, max_length) == ids


@pytest.mark.parametrize(
    ("ids", "text"), [([1, 7, 8, 2, 7, 7], "你好"), ([7, 0, 8], "你好"), ([7, 3], "你<unk>"), ([2], ""), ([], "")]
)
def test_decoding_stops_at_eos(ids: list[int], text: str) -> None:
    assert ONE.decode(ids) == text


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.8, not \[9\]"):
        ONE.decode([9])
    with pytest.raises(ValueError, match="take 2"):
        ONE.encode("你", 1)
    with pytest.raises(ValueError, match="ascend"):
        Tokenizer("aa")


def test_characters_outside_it_are_counted() -> None:
    assert ONE.outside(["你们们", "a们b"]) == {"们": 3, "b": 1}


def test_its_file_has_the_form_of_the_baseline() -> None:
    text = tokenizer_file(Tokenizer("你")).decode()
    assert text.startswith('{\n  "char2idx": {\n    "<pad>": 0,') and "你" in text
    assert json.loads(text) == {
        "char2idx": {"<pad>": 0, "<sos>": 1, "<eos>": 2, "<unk>": 3, "你": 4},
        "idx2char": {"0": "<pad>", "1": "<sos>", "2": "<eos>", "3": "<unk>", "4": "你"},
        "vocab_size": 5,
    }
    assert read_tokenizer(tokenizer_file(ONE)) == ONE


@pytest.mark.parametrize(
    "change",
    [{"vocab_size": 8}, {"idx2char": {}}, {"char2idx": []}, {"char2idx": {"<pad>": 4}}, {"vocab_size": None}],
)
def test_a_file_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadConfig, match=r"tokenizer\.json") as caught:
        read_tokenizer(json.dumps({**json.loads(tokenizer_file(ONE)), **change}).encode())
    assert caught.value.reason == "BAD_TOKENIZER"


def test_a_file_of_another_text_is_stale() -> None:
    require_fresh(ONE, ["你 a", "好,你"])
    with pytest.raises(BadConfig, match=r"lacks 1 characters of the training text \(们\) and has 2 \( ,\)") as caught:
        require_fresh(ONE, ["你们好a"])
    assert caught.value.reason == "TOKENIZER_STALE"
