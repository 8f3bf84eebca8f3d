import numpy as np
import pytest

from services.training.lipreading.scores.counts import Counts
from services.training.lipreading.scores.interval import bootstrap_interval


def clips(num: int, rate: float) -> list[Counts]:
    drawn = np.random.default_rng(0).binomial(25, rate, size=num)
    return [Counts(hits=25 - int(errors), substitutions=int(errors)) for errors in drawn]


def test_the_same_seed_gives_the_same_numbers() -> None:
    assert bootstrap_interval(clips(40, 0.2), 7) == bootstrap_interval(clips(40, 0.2), 7)
    assert bootstrap_interval(clips(40, 0.2), 7) != bootstrap_interval(clips(40, 0.2), 8)


def test_it_is_as_wide_as_the_normal_approximation_says() -> None:
    many = clips(400, 0.2)
    rates = np.array([one.rate for one in many])
    low, high = bootstrap_interval(many, 0)
    half = 1.96 * rates.std() / np.sqrt(len(rates))
    assert low == pytest.approx(rates.mean() - half, abs=0.002)
    assert high == pytest.approx(rates.mean() + half, abs=0.002)


def test_clips_that_are_all_alike_leave_nothing_to_chance() -> None:
    assert bootstrap_interval([Counts(hits=3, deletions=1)] * 5, 0) == (0.25, 0.25)


def test_many_clips_are_drawn_in_blocks_to_the_same_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bootstrap_interval(clips(30, 0.2), 0, num_resamples=100)
    monkeypatch.setattr("services.training.lipreading.scores.interval._BLOCK", 70)
    assert bootstrap_interval(clips(30, 0.2), 0, num_resamples=100) == whole


@pytest.mark.parametrize("bad", [{"clips": []}, {"num_resamples": 0}, {"share": 1.0}])
def test_it_takes_clips_and_resamples(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        bootstrap_interval(**{"clips": [Counts(hits=1)], "seed": 0, **bad})
