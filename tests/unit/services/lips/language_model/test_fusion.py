"""What is added to the score of a text, and models that fit no classes."""

import math

import pytest

from services.base.errors import BadConfig
from services.lips.language_model.fusion import Fusion
from services.lips.language_model.n_grams import END, UNKNOWN, NGrams
from services.lips.language_model.witten_bell import witten_bell

N_GRAMS = witten_bell(["ab", "ba b"], 3)
CLASSES = ["a", "b", "z", "<pad>", " "]


@pytest.mark.parametrize("text", ["", "a", "ab", "ba b", "zab", "z z"])
def test_character_by_character_it_is_that_of_the_text_and_a_bonus_for_each(text: str) -> None:
    fusion = Fusion(N_GRAMS, CLASSES, weight=0.7, bonus=0.3)
    ids = tuple(CLASSES.index(one) for one in text)
    found = sum(fusion.of_next(ids[:i], ids[i]) for i in range(len(ids))) + fusion.of_end(ids)
    ln = N_GRAMS.log10_prob_of_text(text) * math.log(10)
    assert found == pytest.approx(0.7 * ln + 0.3 * len(text))


def test_a_class_that_is_no_character_is_an_unknown_one() -> None:
    fusion = Fusion(N_GRAMS, CLASSES, 1.0)
    assert fusion.of_next((0,), 3) == fusion.of_next((0,), 2)


def test_a_model_that_does_not_fit_the_classes_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"knows none of the characters that are read \('A', 'B'\)"):
        Fusion(N_GRAMS, "AB", 1.0)
    bare = NGrams(1, {"a": -0.3, END: -0.3}, {})
    with pytest.raises(BadConfig, match="neither 'b', which are read, nor <unk>"):
        Fusion(bare, "ab", 1.0)
    Fusion(NGrams(1, {**bare.log10_probs, UNKNOWN: -5.0}, {}), "ab", 1.0)


@pytest.mark.parametrize(("weight", "bonus"), [(-0.1, 0.0), (math.nan, 0.0), (math.inf, 0.0), (0.5, math.inf)])
def test_shares_that_cannot_be_are_refused(weight: float, bonus: float) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        Fusion(N_GRAMS, "ab", weight, bonus)
