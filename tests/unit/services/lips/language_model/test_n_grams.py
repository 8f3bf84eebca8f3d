"""Back-off as it is reckoned by hand."""

import pytest

from services.lips.language_model.n_grams import END, START, UNKNOWN, ZERO_LOG10, NGrams

PROBS = {
    **{START: -99.0, END: -1.0, UNKNOWN: -3.0, "a": -0.5, "b": -0.7, " ": -0.9},
    **{"ab": -0.2, f"{START}a": -0.1, f"b{END}": -0.3, f"a{UNKNOWN}": -2.0},
    **{f"{START}ab": -0.05, f"ab{END}": -0.15},
}
MODEL = NGrams(3, PROBS, {START: -0.4, "a": -0.25, "b": -0.35, f"{START}a": -0.6, "ab": -0.8, " ": 0.125})


@pytest.mark.parametrize(
    ("before", "character", "log10"),
    [
        ("", "a", -0.5),
        (START, "a", -0.1),
        (START, "b", -0.4 - 0.7),
        (f"{START}a", "b", -0.05),
        (f"{START}a", "a", -0.6 - 0.25 - 0.5),
        ("ab", END, -0.15),
        # Of a longer text the last two characters count.
        (f"{START}bab", END, -0.15),
        ("ab", " ", -0.8 - 0.35 - 0.9),
        # " a" has no factor of its own, and neither has "a ".
        (" a", "b", -0.2),
        ("a ", "b", 0.125 - 0.7),
        # A character that is not known is the unknown one, behind a context that knows that.
        (" a", "z", -2.0),
        ("bb", "z", -0.35 - 3.0),
    ],
)
def test_what_was_not_seen_behind_a_text_backs_off_to_a_shorter_one(before: str, character: str, log10: float) -> None:
    assert MODEL.log10_prob(before, character) == pytest.approx(log10, abs=1e-12)


def test_the_probability_of_a_text_is_that_of_its_characters_and_of_its_end() -> None:
    assert MODEL.log10_prob_of_text("ab") == pytest.approx(-0.1 - 0.05 - 0.15)
    assert MODEL.log10_prob_of_text("") == pytest.approx(-0.4 - 1.0)
    # "z" is the unknown character in contexts too.
    assert MODEL.log10_prob_of_text("az") == pytest.approx(-0.1 + (-0.6 - 2.0) - 1.0)


def test_without_an_unknown_character_what_is_not_known_cannot_be() -> None:
    assert NGrams(1, {"a": -0.5, END: -0.2}, {}).log10_prob("a", "z") == ZERO_LOG10
