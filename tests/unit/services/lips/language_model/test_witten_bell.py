"""An estimate whose probabilities are those of the formula, and add up."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.base.errors import BadConfig
from services.lips.language_model import witten_bell as module
from services.lips.language_model.arpa import arpa_file, arpa_of
from services.lips.language_model.n_grams import END, START, UNKNOWN
from services.lips.language_model.witten_bell import witten_bell

TEXTS = st.lists(st.text("abc 你", max_size=8), min_size=1, max_size=6)


@given(texts=TEXTS, order=st.integers(1, 5), before=st.text("abz 你", max_size=6), starts=st.booleans())
def test_behind_any_text_the_probabilities_add_up_to_1(texts: list[str], order: int, before: str, starts: bool) -> None:
    n_grams = arpa_of(arpa_file(witten_bell(texts, order, "xy")))
    context = (START if starts else "") + n_grams.known(before)
    characters = sorted({*"".join(texts), "x", "y", END, UNKNOWN})
    total = sum(10 ** n_grams.log10_prob(context, one) for one in characters)
    assert total == pytest.approx(1, abs=1e-5)
    assert all(one in n_grams for one in characters)


def test_probabilities_are_those_of_the_formula() -> None:
    # Six characters: a, b, c, end, unknown, and one that is in the alphabet alone.
    n_grams = witten_bell(["ab", "ac"], 2, "ad")
    even = 1 / 6
    # Six tokens of four kinds: a 2, end 2, b 1, c 1.
    a, b, d = (2 + 4 * even) / 10, (1 + 4 * even) / 10, 4 * even / 10
    assert 10 ** n_grams.log10_prob("", "a") == pytest.approx(a)
    assert 10 ** n_grams.log10_prob("", "d") == pytest.approx(d)
    # Behind a are two tokens of two kinds, behind the beginning two of one, behind c one.
    assert 10 ** n_grams.log10_prob("a", "b") == pytest.approx((1 + 2 * b) / 4)
    assert 10 ** n_grams.log10_prob("a", "d") == pytest.approx(2 * d / 4)
    assert 10 ** n_grams.log10_prob(START, "a") == pytest.approx((2 + a) / 3)
    assert 10 ** n_grams.log10_prob("c", "b") == pytest.approx(b / 2)
    # Nothing was seen behind d.
    assert 10 ** n_grams.log10_prob("d", "b") == pytest.approx(b)
    assert n_grams.log10_prob_of_text("ab") == pytest.approx(
        math.log10((2 + a) / 3 * (1 + 2 * b) / 4 * (1 + (2 + 4 * even) / 10) / 2)
    )


@given(texts=TEXTS)
def test_the_order_of_the_texts_decides_no_byte(texts: list[str]) -> None:
    assert arpa_file(witten_bell(texts, 3)) == arpa_file(witten_bell(texts[::-1], 3))


def test_what_cannot_be_counted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadConfig, match="no text"):
        witten_bell([], 3)
    with pytest.raises(BadConfig, match="control character"):
        witten_bell(["a\x02b"], 3)
    with pytest.raises(ValueError, match="1 to 10, not 11"):
        witten_bell(["a"], 11)
    monkeypatch.setattr(module, "MOST_N_GRAMS", 3)
    with pytest.raises(BadConfig, match="give a lower order"):
        witten_bell(["abc"], 3)
