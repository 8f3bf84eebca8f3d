"""Spaces and speaker tags go, the rest of a text stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.text.cleaning import clean_text, without_amharic_speaker_tag, without_speaker_tag


@pytest.mark.parametrize(
    ("given_text", "cleaned"),
    [
        ("  hello  ", "hello"),
        ("a\u3000b\u00a0c", "a b c"),
        ("Speaker 12: hello", "hello"),
        ("spk 1：你好", "你好"),
        ("SPEAKER7 : hi", "hi"),
        ("Speaker 1: Speaker 2: hi", "hi"),
        ("Speaker: hi", "Speaker: hi"),
        ("my speaker 1: hi", "my speaker 1: hi"),
        ("ተናጋሪ 1: ሰላም", "ተናጋሪ 1: ሰላም"),
        ("", ""),
    ],
)
def test_what_a_manifest_stores(given_text: str, cleaned: str) -> None:
    assert clean_text(given_text) == cleaned


def test_rules_of_a_language_take_one_tag() -> None:
    assert without_speaker_tag(" spk 1: spk 2: a ") == "spk 2: a"
    assert without_amharic_speaker_tag("ተናጋሪ 1: ሰላም") == "ሰላም"


@given(st.one_of(st.text(), st.lists(st.sampled_from(["Speaker 1:", "spk 2：", "\u3000", " ", "a"])).map("".join)))
def test_cleaning_is_idempotent(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
