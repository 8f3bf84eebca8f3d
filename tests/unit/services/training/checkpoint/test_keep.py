"""What is kept: the newest two, the best, what is averaged, and saved epochs."""

import pytest

from services.training.checkpoint.keep import kept_steps, saved_epochs


@pytest.mark.parametrize(
    ("num_epochs", "every", "last", "epochs"),
    [(4, 5, 3, ()), (5, 5, 3, (5,)), (23, 5, 3, (10, 15, 20)), (23, 5, 0, ()), (3, 1, 2, (2, 3))],
)
def test_every_so_many_epochs_have_a_file_and_the_last_of_these_are_kept(num_epochs, every, last, epochs):
    assert saved_epochs(num_epochs, every, last) == epochs


def test_the_best_and_the_averaged_are_never_deleted():
    epoch_steps = list(range(10, 131, 10))
    steps = sorted([*epoch_steps, 133, 136])
    kept = kept_steps(steps, epoch_steps, 20, save_every=5, keep_last_n=1, average_last_n=3)
    assert kept == {20, 100, 110, 120, 130, 133, 136}


def test_a_step_without_a_checkpoint_is_not_kept():
    assert kept_steps([5], [10, 20], 20, save_every=1, keep_last_n=2, average_last_n=2) == {5}
