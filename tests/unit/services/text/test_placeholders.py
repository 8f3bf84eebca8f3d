"""Pinyin with tones and dotted names pass through text normalisation untouched."""

import pytest

from services.text.placeholders import correct_pinyin, with_placeholders


@pytest.mark.parametrize(
    ("syllable", "corrected"),
    [
        ("ju4", "JV4"),
        ("que2", "QVE2"),
        ("xün1", "XVN1"),
        ("xuan4", "XVAN4"),
        ("jia1", "JIA1"),
        ("XUE2", "XVE2"),
        ("lü4", "lü4"),
        ("zhu3", "zhu3"),
    ],
)
def test_u_after_j_q_x_is_spelt_v(syllable: str, corrected: str) -> None:
    assert correct_pinyin(syllable) == corrected


def test_parts_are_put_back_where_they_stood() -> None:
    kept = with_placeholders("（克里斯托弗·诺兰）xuan4和ju4，克里斯托弗·诺兰")
    assert kept.text == "（<n_a>）<pinyin_a>和<pinyin_b>，<n_a>"
    assert kept.restored(kept.text) == "（克里斯托弗·诺兰）XVAN4和JV4，克里斯托弗·诺兰"


def test_the_longer_of_two_parts_that_overlap_is_taken_first() -> None:
    assert with_placeholders("an4 xuan4").text == "<pinyin_b> <pinyin_a>"


def test_a_placeholder_that_the_text_holds_itself_is_not_used() -> None:
    kept = with_placeholders("<pinyin_a> ju4")
    assert kept.text == "<pinyin_a> <pinyin_b>"
    assert kept.restored(kept.text) == "<pinyin_a> JV4"


def test_more_parts_than_letters() -> None:
    text = " ".join(f"{initial}{final}{tone}" for initial in "bpmf" for final in ("a", "u") for tone in range(1, 5))
    kept = with_placeholders(text)
    assert "<pinyin_af>" in kept.text
    assert kept.restored(kept.text) == text


def test_a_text_without_such_parts_is_unchanged() -> None:
    assert (with_placeholders("你好").text, with_placeholders("你好").parts) == ("你好", ())
