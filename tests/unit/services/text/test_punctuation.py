"""One pass from left to right; of keys that begin alike the one that is listed first wins."""

import pytest

from services.text.punctuation import AMHARIC, BASE, CHINESE


@pytest.mark.parametrize(
    ("given", "mapped"),
    [
        ("：；;，、:", ",,,,,,"),
        ("。！？", ".!?"),
        ("a\nb", "a b"),
        ("·—～~", "----"),
        ("wait...", "wait…"),
        ("wait,,,", "wait…"),
        ("wait……", "wait…"),
        ("wait，，，", "wait,,,"),
        ('“a” ‘b’ "c"', "'a' 'b' 'c'"),
        ("（a）(b)《c》【d】[e]「f」", "'a''b''c''d''e''f'"),
        ("$5", "$5"),
    ],
)
def test_marks_of_every_language(given: str, mapped: str) -> None:
    assert BASE.mapped(given) == mapped


def test_chinese_reads_a_dollar_sign_that_is_left_as_a_stop() -> None:
    assert CHINESE.mapped("$，") == ".,"


def test_ethiopic_marks_are_mapped_once() -> None:
    assert AMHARIC.mapped("።፣፤፥፦፧፨፡") == ".,;::?! "
