import pytest

from services.training.lipreading.scores.baselines import constant_sentence
from services.training.lipreading.scores.counts import character_counts


def test_it_is_the_text_with_the_fewest_errors_as_the_answer_to_each() -> None:
    texts = ["bin blue at a", "bin blue at b", "lay red in a", "bin blue in a"]
    errors = {text: sum(character_counts(other, text).errors for other in texts) for text in texts}
    assert constant_sentence(texts) == min(errors, key=lambda text: errors[text]) == "bin blue at a"


def test_of_equally_near_texts_it_is_the_first() -> None:
    assert constant_sentence(["b", "a"]) == "a"


def test_of_many_texts_a_sample_is_compared_and_the_commonest_are_among_it() -> None:
    texts = [f"{'x' * 20}{i:04d}" for i in range(300)]
    assert constant_sentence(texts) == constant_sentence(list(reversed(texts)))
    # One that is commonest is a candidate, and loses.
    assert constant_sentence(["far away from it"] * 3 + [f"{i}" for i in range(500)]) != "far away from it"


def test_without_training_text_there_is_none() -> None:
    with pytest.raises(ValueError, match="no training text"):
        constant_sentence([])
