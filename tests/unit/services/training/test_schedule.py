"""Learning rates follow from how much of the training is done, and from nothing else."""

import pytest

from services.training.schedule import cosine, plateau, warm_up


@pytest.mark.parametrize(("share", "factor"), [(0.0, 0.0), (0.05, 0.5), (0.1, 1.0), (0.9, 1.0)])
def test_the_warm_up_is_a_ramp(share, factor):
    assert warm_up(share, 0.1) == pytest.approx(factor)


def test_without_a_warm_up_the_first_step_has_the_whole_rate():
    assert warm_up(0.0, 0.0) == cosine(0.0, 0.0) == plateau(0.0, 0.0, [], 2) == 1.0


@pytest.mark.parametrize(("share", "factor"), [(0.05, 0.5), (0.1, 1.0), (0.55, 0.55), (1.0, 0.1)])
def test_after_it_half_a_cosine_falls_to_the_floor(share, factor):
    assert cosine(share, 0.1, floor=0.1) == pytest.approx(factor)


@pytest.mark.parametrize(
    ("losses", "factor"),
    [
        ([], 1.0),
        ([3, 2, 1], 1.0),
        ([3, 2, 2, 2], 1.0),
        ([3, 2, 2, 2, 2], 0.5),
        ([3, 2, 2, 2, 2, 2, 2], 0.5),
        ([3, 2, 2, 2, 2, 2, 2, 2], 0.25),
        ([3, 2, 2, 2, 1, 1, 1], 1.0),
    ],
)
def test_epochs_without_a_lower_loss_halve_the_rate(losses, factor):
    assert plateau(0.5, 0.1, losses, patience=2) == factor
