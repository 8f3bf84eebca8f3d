"""Sentences of a file, and how surprising a text is."""

import math

import pytest

from services.lips.language_model.witten_bell import witten_bell
from services.training.recipes.estimating import perplexity, sentences_of


def test_sentences_are_lines_with_single_blanks() -> None:
    assert sentences_of("a▁b\tc \n\n d".encode(), "texts") == ["a b c", "d"]


def test_perplexity_is_of_characters_and_ends() -> None:
    n_grams = witten_bell(["ab", "b"], 2)
    ln = math.log(10) * (n_grams.log10_prob_of_text("ab") + n_grams.log10_prob_of_text("b"))
    assert perplexity(n_grams, ["ab", "b"]) == pytest.approx(math.exp(-ln / 5))
