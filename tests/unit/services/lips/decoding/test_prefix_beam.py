import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lips.decoding.greedy import greedy
from services.lips.decoding.prefix_beam import prefix_beam
from services.lips.language_model.fusion import Fusion
from services.lips.language_model.n_grams import NGrams
from services.lips.language_model.witten_bell import witten_bell


def log_probs(seed: int, num_steps: int, num_classes: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(scale=2, size=(num_steps, num_classes))
    return (drawn - np.log(np.exp(drawn).sum(1, keepdims=True))).astype(np.float32)


def by_brute_force(log_probs_SK: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """Every text with the probability of all paths that spell it."""
    found: dict[tuple[int, ...], float] = {}
    num_steps, num_classes = log_probs_SK.shape
    for path in itertools.product(range(num_classes), repeat=num_steps):
        ids = tuple(one for one, _ in itertools.groupby(path) if one != blank)
        probability = math.exp(sum(float(log_probs_SK[step, one]) for step, one in enumerate(path)))
        found[ids] = found.get(ids, 0.0) + probability
    return found


@given(seed=st.integers(0, 10_000), num_steps=st.integers(1, 5), num_classes=st.integers(2, 4), data=st.data())
def test_a_beam_that_holds_everything_finds_every_text_with_its_probability(
    seed: int, num_steps: int, num_classes: int, data: st.DataObject
) -> None:
    blank = data.draw(st.integers(0, num_classes - 1))
    log_probs_SK = log_probs(seed, num_steps, num_classes)
    exact = by_brute_force(log_probs_SK, blank)
    found = prefix_beam(log_probs_SK, blank, width=10_000, least_log_prob=-math.inf)
    assert {one.ids: math.exp(one.log_prob) for one in found} == pytest.approx(exact, rel=1e-4)
    assert found[0].ids == max(exact, key=lambda ids: exact[ids])


def test_paths_to_one_text_add_up_where_the_best_path_spells_another() -> None:
    # Blank is the likeliest class at both steps, and three paths together spell 0.
    log_probs_SK = np.log(np.array([[0.4, 0.6], [0.4, 0.6]], np.float32))
    assert greedy(log_probs_SK, blank=1) == ()
    best = prefix_beam(log_probs_SK, blank=1, width=4)[0]
    assert best.ids == (0,)
    assert math.exp(best.log_prob) == pytest.approx(0.64)


def test_a_narrow_beam_keeps_as_many_as_it_is_wide_and_the_likeliest_first() -> None:
    found = prefix_beam(log_probs(3, 20, 6), blank=5, width=3)
    assert len(found) == 3
    assert [one.log_prob for one in found] == sorted((one.log_prob for one in found), reverse=True)


def test_classes_that_are_hardly_likely_are_not_tried() -> None:
    log_probs_SK = np.log(np.array([[0.5, 0.01, 0.49]], np.float32))
    assert {one.ids for one in prefix_beam(log_probs_SK, blank=2, least_log_prob=math.log(0.05))} == {(), (0,)}


def test_no_steps_are_the_empty_text() -> None:
    found = prefix_beam(np.zeros((0, 3), np.float32), blank=2)
    assert [(one.ids, one.log_prob, one.score) for one in found] == [((), 0.0, 0.0)]


def test_a_beam_without_a_width_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        prefix_beam(np.zeros((1, 3), np.float32), blank=2, width=0)


def test_where_the_mouth_says_two_things_alike_the_language_model_decides() -> None:
    # b and p look alike, and so does what stands behind them.
    log_probs_SK = np.log(np.array([[0.45, 0.5, 0.02, 0.03], [0.01, 0.01, 0.97, 0.01]], np.float32))
    spelled = ["bi", "pi"]
    assert prefix_beam(log_probs_SK, blank=3)[0].ids == (1, 2)
    for texts, best in ((["bi"], "bi"), (["pi"], "pi")):
        fusion = Fusion(witten_bell(texts, 3, "bpi"), "bpi", weight=0.5)
        found = prefix_beam(log_probs_SK, blank=3, fusion=fusion)[0]
        assert spelled[found.ids[0]] == best and found.score < found.log_prob


@given(seed=st.integers(0, 10_000), num_steps=st.integers(1, 5), weight=st.floats(0, 2), bonus=st.floats(-1, 1))
def test_a_score_is_that_of_the_paths_and_of_the_whole_text(
    seed: int, num_steps: int, weight: float, bonus: float
) -> None:
    n_grams = witten_bell(["ab", "ba", "aab"], 3)
    log_probs_SK = log_probs(seed, num_steps, 3)
    fusion = Fusion(n_grams, "ab", weight, bonus)
    found = prefix_beam(log_probs_SK, blank=2, width=10_000, least_log_prob=-math.inf, fusion=fusion)
    exact = {
        ids: math.log(probability)
        + weight * math.log(10) * n_grams.log10_prob_of_text("".join("ab"[i] for i in ids))
        + bonus * len(ids)
        for ids, probability in by_brute_force(log_probs_SK, 2).items()
    }
    assert {one.ids: one.score for one in found} == pytest.approx(exact, abs=1e-4)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@given(seed=st.integers(0, 10_000))
def test_a_language_model_of_no_weight_changes_no_bit(seed: int) -> None:
    log_probs_SK = log_probs(seed, 12, 4)
    fusion = Fusion(witten_bell(["abc"], 2), "abc", weight=0.0)
    assert prefix_beam(log_probs_SK, 3, 5, fusion=fusion) == prefix_beam(log_probs_SK, 3, 5)


@pytest.mark.parametrize("order", [2, 10])
def test_the_language_model_is_asked_for_characters_and_not_for_steps(order: int) -> None:
    asked = []

    class Counting(NGrams):
        def log10_prob(self, before: str, character: str) -> float:
            asked.append((before, character))
            return super().log10_prob(before, character)

    made = witten_bell(["ab"], order)
    counting = Counting(made.order, made.log10_probs, made.back_offs)
    # All of the time "a" is as likely as nothing: of prefixes there are a, aa, …
    log_probs_SK = np.log(np.array([[0.5, 0.5]] * 9, np.float32))
    found = prefix_beam(log_probs_SK, blank=1, width=100, fusion=Fusion(counting, "a", 1.0))
    # Each character but the empty prefix's, and each end; behind what is alike to the model, once.
    assert len(asked) == len(set(asked)) == ((len(found) - 1) + len(found) if order == 10 else 2 + 2)
