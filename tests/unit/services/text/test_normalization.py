"""Texts as they are read out, language by language."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.text.normalization import Normalizer

_NORMALIZER = Normalizer()


@pytest.mark.parametrize(
    ("text", "language", "read_out"),
    [
        ("I have 3 apples at $12.50", "en", "I have three apples at twelve point five dollars"),
        ("What's this; it's (mine)", "en", "What is this, it is 'mine'"),
        ("John's it's", "en", "John's it is"),
        ("我有3个苹果", "zh", "我有三个苹果"),
        ("呃，哪儿", "zh", "呃,哪儿"),
        ("克里斯托弗·诺兰xuan4：12", "zh", "克里斯托弗-诺兰XVAN4,十二"),
        ("spk 1: ＡＢＣ　「12」", "ja", "ABC '12'"),
        ("ተናጋሪ 2: ሰላም፡ዓለም፤ 12።", "am", "ሰላም ዓለም; 12."),
        ("ＡＢＣ  「12」", "ko", "ABC '12'"),
        ("ዓለም。", None, "ዓለም."),
        ("5 apples", None, "five apples"),
        ("5", None, "五"),
        ("", "en", ""),
        ("   ", "am", ""),
    ],
)
def test_rules_of_languages(text: str, language: str | None, read_out: str) -> None:
    assert _NORMALIZER.normalized(text, language) == read_out


def test_a_grammar_that_fails_is_counted_and_leaves_the_text() -> None:
    normalizer = Normalizer()
    assert normalizer.normalized("lone \ud800 （5）", "en") == "lone \ud800 '5'"
    assert normalizer.normalized("独 \ud800 （5）", "zh") == "独 \ud800 '5'"
    assert normalizer.failures == {"en": 1, "zh": 1}


@pytest.mark.parametrize(
    ("text", "language", "left"),
    [("I have 3 apples (it's)", "en", "I have 3 apples 'it is'"), ("我有3个；xuan4", "zh", "我有3个,XVAN4")],
)
def test_without_grammars_numbers_stand_as_they_are(text: str, language: str, left: str) -> None:
    normalizer = Normalizer(with_grammars=False)
    assert normalizer.normalized(text, language) == left
    assert not normalizer.failures


def test_grammars_are_loaded_only_where_a_language_needs_them() -> None:
    code = (
        "import sys; from services.text.normalization import Normalizer; n = Normalizer(); "
        "n.normalized('ሰላም', 'am'), n.normalized('かな', 'ja'), n.normalized('x', 'ko'); "
        "print('wetext' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=[])),
    language=st.sampled_from([None, "en", "zh", "ja", "am", "ko"]),
)
def test_no_text_raises(text: str, language: str | None) -> None:
    _NORMALIZER.normalized(text, language)
